"""PostgreSQL: a role for servers, which reads and writes rows and cannot change a table."""

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

    Raises UnusableDatabase for SQLite, and where the role of `database` may not make roles.
    """
    backend = database.backend
    if not isinstance(backend, PostgresqlBackend):
        raise UnusableDatabase("SQLite has no roles: --server-role is for PostgreSQL")
    with translated(), backend.writer.connect() as connection, connection.begin():
        known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role})
        grants = GRANTS if known.scalar() else ("CREATE ROLE {role}", *GRANTS)
        for grant in grants:
            connection.exec_driver_sql(_written(connection, grant, role, password))


def _written(connection: Connection, grant: str, role: str, password: str) -> str:
    """Such statements take no parameters: names and text are quoted here."""
    statement = sql.SQL(grant).format(
        role=sql.Identifier(role),
        password=sql.Literal(password),
        database=sql.Identifier(str(connection.engine.url.database)),
    )
    return statement.as_string().replace("%", "%%")
