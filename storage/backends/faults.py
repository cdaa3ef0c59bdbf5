"""From a driver's errors to the project's own: an outage is an outage, whatever the driver says."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from hpsearch.errors import DatabaseUnavailable, DiskFull

POSTGRESQL_DISK_FULL = "53100"
POSTGRESQL_NO_RIGHT = "42501"


@contextmanager
def translated() -> Iterator[None]:
    """Raise DatabaseUnavailable (DiskFull) for an outage; HpsearchErrors pass as they are."""
    try:
        yield
    except SQLAlchemyError as error:
        outage = _outage(error)
        if outage is None:
            raise
        raise outage from error


def _outage(error: SQLAlchemyError) -> DatabaseUnavailable | None:
    if isinstance(error, PoolTimeoutError):
        return DatabaseUnavailable("the database is busy: no connection became free in time")
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    if _is_disk_full(cause):
        return DiskFull()
    lost = isinstance(error, OperationalError | InterfaceError | InternalError)
    broken_file = type(error) is DatabaseError  # such as "file is not a database"
    no_right = getattr(cause, "sqlstate", None) == POSTGRESQL_NO_RIGHT
    if lost or broken_file or no_right or error.connection_invalidated:
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        return DatabaseUnavailable(f"the database cannot be used just now: {lines[0]}")
    return None


def _is_disk_full(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == POSTGRESQL_DISK_FULL
