"""The lock that makes one server the writer; the others stand by until it is free.

With the lock comes the next number of `storage.rows.leader`, which `storage.job_store` looks at in
each transaction: a server that lost the lock without noticing can write nothing.
"""

import fcntl
import os
import threading
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hpsearch.errors import DatabaseUnavailable
from storage.backends.faults import translated
from storage.backends.postgresql import WRITER_LOCK, PostgresqlBackend
from storage.backends.sqlite import SqliteBackend
from storage.database import Database
from storage.rows import leader, tables

IDLE_TIMEOUT = "30s"  # a holder that does not look at its lock for that long hangs
LEAVE_TIMEOUT = "2s"  # that a former holder's transactions get to end

_LOSE_WHEN_IDLE = text(  # servers before PostgreSQL 14 have no such setting
    "SELECT set_config(name, :timeout, false) FROM pg_settings WHERE name = 'idle_session_timeout'"
)

_END_THEIR_SESSIONS = text(  # PostgreSQL ends none that waits for the rest of a batch
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = CAST(:table AS regclass) "
    "AND mode = 'RowShareLock' AND pid <> pg_backend_pid()"
)


class WriterLock:
    """At most one holder among all servers of a database; freed when its holder dies.

    Belongs to a server, not to a thread. Safe to call from several threads.
    """

    def __init__(self, database: Database) -> None:
        backend = database.backend
        self._threads = threading.Lock()
        self._lock = (
            _FileLock(backend.path, database)
            if isinstance(backend, SqliteBackend)
            else _AdvisoryLock(backend)
        )

    def try_acquire(self) -> bool:
        """Take the lock where nobody holds it; True where it is ours now, or was already.

        Raises DatabaseUnavailable.
        """
        with self._threads:
            return self._lock.held() or self._lock.take()

    def held(self) -> bool:
        """Whether the lock is still ours; False once its connection or its file is lost."""
        with self._threads:
            return self._lock.held()

    @property
    def epoch(self) -> int | None:
        """The number that came with the lock; None where it is not ours.

        It may be outdated: only a transaction that looks at the newest one can tell.
        """
        return self._lock.epoch

    def release(self) -> None:
        """Give the lock up; nothing happens where it is not ours."""
        with self._threads:
            self._lock.drop()


class _FileLock:
    """A lock on a file beside the SQLite database; the system frees it with the process."""

    def __init__(self, file: Path, database: Database) -> None:
        self._path = file.with_name(file.name + ".lock")
        self._database = database
        self._descriptor: int | None = None
        self.epoch: int | None = None

    def take(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseUnavailable(f"cannot lock {self._path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        try:
            with self._database.write(durable=True) as connection:
                self.epoch = leader.take(connection)
        except BaseException:
            self.drop()
            raise
        return True

    def held(self) -> bool:
        """A file that was deleted, or replaced by another, keeps nobody out any more."""
        if self._descriptor is None:
            return False
        try:
            if os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
                return True
        except OSError:
            pass
        self.drop()
        return False

    def drop(self) -> None:
        self.epoch = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _AdvisoryLock:
    """A session's advisory lock on a connection of its own; the server frees it with that."""

    def __init__(self, backend: PostgresqlBackend) -> None:
        self._engine = backend.writer.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self.epoch: int | None = None

    def take(self) -> bool:
        with translated():
            connection = self._engine.connect()
            connection.detach()  # not the pool's any more: closing it ends the session
            try:
                query = text("SELECT pg_try_advisory_lock(:key)")
                if connection.execute(query, {"key": WRITER_LOCK}).scalar_one():
                    connection.execute(_LOSE_WHEN_IDLE, {"timeout": IDLE_TIMEOUT})
                    self.epoch = _epoch(connection)
                    self._connection = connection
                    return True
            finally:
                if self._connection is not connection:
                    connection.close()
        return False

    def held(self) -> bool:
        if self._connection is None:
            return False
        try:
            if leader.read(self._connection) == self.epoch:
                return True
        except SQLAlchemyError:
            pass
        self.drop()
        return False

    def drop(self) -> None:
        self.epoch = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()


def _epoch(connection: Connection) -> int:
    """Take the next number; a transaction of a former holder that hangs is ended, unwritten."""
    connection.execute(text(f"SET lock_timeout = '{LEAVE_TIMEOUT}'"))
    try:
        return leader.take(connection)
    except OperationalError:
        connection.execute(_END_THEIR_SESSIONS, {"table": tables.leader.name})
        return leader.take(connection)
