"""SQLite: one connection writes, others read; see docs/decisions/sqlite-one-writer.md."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from hpsearch.errors import UnusableDatabase
from storage.backends.guard import FileGuard

OLDEST = (3, 35, 0)  # the first with RETURNING
BUSY_TIMEOUT = 10.0  # seconds to wait for another writer
SETUP_TIMEOUT = 120.0  # seconds to wait while another process sets the database up


class SqliteBackend:
    """The engines of one database file, and the lock around its writes."""

    name = "sqlite"

    def __init__(self, url: URL) -> None:
        if sqlite3.sqlite_version_info < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            raise UnusableDatabase(
                f"SQLite {sqlite3.sqlite_version} is too old: {wanted} or newer is needed"
            )
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise UnusableDatabase("SQLite needs a file: sqlite:////path/to/hpsearch.db")
        self.path = Path(url.database)
        self.guard = FileGuard(self.path.with_name(self.path.name + ".guard"))
        self.writer = _engine(url, pool_size=1)
        self.reader = _engine(url, pool_size=8)
        event.listen(self.writer, "connect", _open_writer)
        event.listen(self.writer, "begin", _begin_writing)
        event.listen(self.reader, "connect", _open_reader)
        event.listen(self.reader, "begin", _begin_reading)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """No other connection, of any process, writes or checkpoints meanwhile."""
        with self.guard.held(BUSY_TIMEOUT):
            yield

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """No other process sets the database up meanwhile, or writes."""
        with self.guard.held(SETUP_TIMEOUT):
            yield

    def library(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def close(self) -> None:
        """The writer goes last: the last connection checkpoints."""
        self.reader.dispose()
        self.writer.dispose()
        self.guard.close()


def _engine(url: URL, pool_size: int) -> Engine:
    return create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
    )


def _open_writer(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin below, not where the driver thinks
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _open_reader(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def _begin_writing(connection: Connection) -> None:
    """Take the write lock at once: a read lock may not be raised while another writes."""
    durable = connection.get_execution_options().get("durable", True)
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    """One transaction sees one state of the database."""
    connection.exec_driver_sql("BEGIN")
