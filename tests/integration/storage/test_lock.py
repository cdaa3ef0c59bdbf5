"""One server writes; another takes over when it dies, however it dies."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from hpsearch.errors import DatabaseUnavailable
from hpsearch.runner.ports import WriterLock as Port
from storage.backends.lock import WriterLock
from storage.database import Database

HOLDER = """
import sys
from storage.database import Database
from storage.backends.lock import WriterLock
lock = WriterLock(Database(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""

KILL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.fixture
def ours(database: Database) -> Iterator[WriterLock]:
    lock = WriterLock(database)
    yield lock
    lock.release()


@pytest.fixture
def theirs(database_url: str) -> Iterator[WriterLock]:
    """Another server's, on the same database."""
    opened = Database(database_url)
    lock = WriterLock(opened)
    yield lock
    lock.release()
    opened.close()


def test_only_one_holds_it(ours: Port, theirs: Port) -> None:
    assert ours.try_acquire()
    assert ours.try_acquire()  # ours already
    assert ours.held()
    assert not theirs.try_acquire()
    assert not theirs.held()


def test_it_is_free_once_released(ours: Port, theirs: Port) -> None:
    assert ours.try_acquire()

    ours.release()
    ours.release()

    assert not ours.held()
    assert theirs.try_acquire()


def test_it_is_free_once_its_holder_was_killed(ours: Port, database_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == "True\n"
        assert not ours.try_acquire()
        holder.kill()
        holder.wait()
        killed = time.monotonic()

        while not ours.try_acquire():
            assert time.monotonic() - killed < 10
            time.sleep(0.02)


def test_a_holder_notices_that_it_lost_it(
    ours: Port, database: Database, database_url: str
) -> None:
    assert ours.try_acquire()

    if database_url.startswith("sqlite"):
        Path(f"{make_url(database_url).database}.lock").unlink()
    else:
        with database.write(durable=False) as connection:
            connection.execute(text(KILL_OTHERS))

    assert not ours.held()
    assert not ours.held()
    assert ours.try_acquire()


def test_a_lock_that_cannot_be_had_is_an_outage(tmp_path: Path) -> None:
    lock = WriterLock(Database(f"sqlite:///{tmp_path}/missing/hpsearch.db"))

    with pytest.raises(DatabaseUnavailable, match="cannot lock"):
        lock.try_acquire()
