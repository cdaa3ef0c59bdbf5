"""PostgreSQL through psycopg 3."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import URL, Connection, create_engine, event, text

SETUP_LOCK = 0x6870_7365_6172_6368  # "hpsearch": an advisory lock that nothing else takes
WRITER_LOCK = SETUP_LOCK + 1

CONNECT_TIMEOUT = 5  # seconds
POOL_TIMEOUT = 10  # seconds to wait for a free connection
SETUP_TIMEOUT = 120  # seconds to wait while another process sets the database up

# A peer that is gone is noticed within about ten seconds, on both sides, not after hours.
KEEPALIVE = {"keepalives_idle": 4, "keepalives_interval": 2, "keepalives_count": 3}
SERVER_SETTINGS = {
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "15s",  # a server that hangs holds up no other
}


def connect_arguments() -> dict[str, str | int]:
    """What every connection is opened with."""
    options = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
    return {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": 10_000,  # milliseconds
        "application_name": "hpsearch",
        "options": options,
        **KEEPALIVE,
    }


class PostgresqlBackend:
    """The engine of one database; writers are kept apart by row locks."""

    name = "postgresql"

    def __init__(self, url: URL) -> None:
        self.writer = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=8,
            pool_timeout=POOL_TIMEOUT,
            connect_args=connect_arguments(),
        )
        self.reader = self.writer.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        event.listen(self.writer, "begin", _begin_writing)

    def writing(self) -> nullcontext[None]:
        return nullcontext()

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """No other process sets the database up meanwhile."""
        with self.writer.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{SETUP_TIMEOUT}s'"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{SETUP_TIMEOUT}s'"))
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SETUP_LOCK})
            yield

    def library(self) -> str:
        with self.reader.connect() as connection:
            version = connection.execute(text("SHOW server_version")).scalar_one()
        return f"PostgreSQL {version}"

    def close(self) -> None:
        self.writer.dispose()


def _begin_writing(connection: Connection) -> None:
    """A trial's report may be lost in a power cut: it is computed again, to the same bits."""
    if not connection.get_execution_options().get("durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
