"""What the runner expects of a WriterLock, kept by the fake of its tests and by both databases."""

from collections.abc import Iterator

import pytest

from hpsearch.runner.ports import WriterLock as Port
from storage.backends.lock import WriterLock
from storage.database import Database
from tests.fakes import FreeLock


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def lock(request: pytest.FixtureRequest) -> Iterator[Port]:
    if request.param == "memory":
        yield FreeLock()
        return
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        path = request.getfixturevalue("tmp_path") / "hpsearch.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        url = f"sqlite:///{path}"
    database = Database(url)
    held = WriterLock(database)
    yield held
    held.release()
    database.close()


def test_it_is_ours_from_taking_it_to_giving_it_up(lock: Port) -> None:
    seen = [lock.held(), lock.try_acquire(), lock.held(), lock.try_acquire(), lock.held()]
    lock.release()
    seen.append(lock.held())
    lock.release()  # nothing happens
    seen.append(lock.try_acquire())

    assert seen == [False, True, True, True, True, False, True]
