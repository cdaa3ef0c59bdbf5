"""PostgreSQL: a role for servers, which reads and writes rows and cannot change a table."""

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from hpsearch.errors import UnusableDatabase
from storage.backends.faults import translated
from storage.backends.postgresql import PostgresqlBackend
from storage.database import Database

GRANTS = (
    "ALTER ROLE {role} LOGIN PASSWORD {password}",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",  # PostgreSQL 14 and older gave it to all
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)


def let_serve(database: Database, role: str, password: str) -> None:
    """Make the role, or bring it up to date with the tables that are there now.

    Raises UnusableDatabase for SQLite, and DatabaseUnavailable where the role of `database` may not
    make roles. The server, its log and any error see no password, but what it is checked by.
    """
    backend = database.backend
    if not isinstance(backend, PostgresqlBackend):
        raise UnusableDatabase("SQLite has no roles: --server-role is for PostgreSQL")
    with translated(), backend.writer.connect() as connection, connection.begin():
        known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role})
        grants = GRANTS if known.scalar() else ("CREATE ROLE {role}", *GRANTS)
        check = _check_of(connection, role, password)
        for grant in grants:
            connection.exec_driver_sql(_written(connection, grant, role, check))


def _check_of(connection: Connection, role: str, password: str) -> str:
    """What PostgreSQL keeps of a password: salted hashes (SCRAM, RFC 5802)."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    encrypted = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return encrypted.decode()


def _written(connection: Connection, grant: str, role: str, check: str) -> str:
    """Such statements take no parameters: names and text are quoted here."""
    statement = sql.SQL(grant).format(
        role=sql.Identifier(role),
        password=sql.Literal(check),
        database=sql.Identifier(str(connection.engine.url.database)),
    )
    return statement.as_string().replace("%", "%%")
