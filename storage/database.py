"""The database of a service: how it is opened, set up, read and written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from hpsearch.errors import DatabaseUnavailable, UnusableDatabase
from storage import schema
from storage.backends.faults import translated
from storage.backends.postgresql import PostgresqlBackend
from storage.backends.sqlite import SqliteBackend

Backend = SqliteBackend | PostgresqlBackend


class Database:
    """One database, SQLite or PostgreSQL, by its URL. Safe to use from several threads.

    Nothing is opened before the first use. Raises UnusableDatabase for a URL that cannot serve.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.backend = _backend(url)
        self._refused: str | None = None

    def initialise(self) -> None:
        """Create or bring up to date Optuna's tables and ours; harmless where they are there.

        Any number of processes may do so at once. Raises UnusableDatabase where the tables are
        newer than this program, or of another Optuna.
        """
        with translated():
            with self.backend.reader.connect() as connection:
                if schema.is_current(connection):
                    return
            with self.backend.setting_up():
                schema.create(self.backend.writer)

    def check(self) -> dict[str, Any]:
        """What can be said of the database right now; never raises.

        reachable, library, schema and optuna_schema (what is there and what is wanted), refused
        (why the last attempt to write failed; None where it succeeded) and problems: one sentence
        each, none where all is well.
        """
        facts: dict[str, Any] = {"reachable": False, "backend": self.backend.name, "problems": []}
        facts["refused"] = self._refused
        try:
            with translated(), self.backend.reader.connect() as connection:
                facts["library"] = self.backend.library()
                facts["reachable"] = True
                facts.update(schema.versions(connection))
                facts["problems"] = schema.problems(connection)
        except DatabaseUnavailable as error:
            facts["problems"] = [str(error)]
        return facts

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of the database, however many queries; writes nothing."""
        with translated(), self.backend.reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool) -> Iterator[Connection]:
        """One transaction, committed on leaving unless something is raised.

        durable: survives a power cut once it has returned; without it the last few transactions
        may be lost then, together and from the end, never in part.
        """
        try:
            with translated(), self.backend.writing(), self.backend.writer.connect() as connection:
                connection = connection.execution_options(durable=durable)
                with connection.begin():
                    yield connection
        except DatabaseUnavailable as error:
            self._refused = str(error)
            raise
        self._refused = None

    def close(self) -> None:
        """Close all connections; the database may be used again afterwards."""
        self.backend.close()


def _backend(url: str) -> Backend:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnusableDatabase(_FORMS) from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return SqliteBackend(parsed)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return PostgresqlBackend(parsed.set(drivername="postgresql+psycopg"))
    raise UnusableDatabase(f"{parsed.drivername} databases are not supported; {_FORMS}")


_FORMS = (
    "a database URL is sqlite:////path/to/hpsearch.db or "
    "postgresql+psycopg://user:password@host:5432/name"
)
