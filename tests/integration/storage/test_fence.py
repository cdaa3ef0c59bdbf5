"""A server that lost its leadership without noticing can write nothing."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text, update

from hpsearch.errors import DatabaseUnavailable, LeadershipLost, OtherTrials
from hpsearch.history import Cohort
from hpsearch.jobs import Job, JobState
from hpsearch.trial import Trial
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.rows import leader, optuna_tables, tables
from storage.user_jobs import Jobs
from tests.integration.storage.samples import COMPLETED, cohort, report, running_job, spec

LOSE_THE_LOCK = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
"""
TABLES = (
    *tables.metadata.sorted_tables,
    optuna_tables.trials,
    optuna_tables.trial_user_attributes,
    optuna_tables.trial_intermediate_values,
)

WRITES: dict[str, Callable[[SqlJobStore, Job], object]] = {
    "start": lambda store, job: store.start(job.id, {}),
    "pause": lambda store, job: store.pause(job.id, 9.0),
    "open_cohort": lambda store, job: store.open_cohort(job.id, cohort(job.spec, index=1), 9.0),
    "report": lambda store, job: store.record(job.id, {0: report(40, 0.5)}, {}, 9.0),
    "ending": lambda store, job: store.record(job.id, {}, {0: COMPLETED}, 9.0),
    "end": lambda store, job: store.end(job.id, JobState.FAILED, "late", 9.0),
}


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """The same database as another server opens it."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def ours(database: Database) -> Iterator[WriterLock]:
    lock = WriterLock(database)
    yield lock
    lock.release()


@pytest.fixture
def theirs(other: Database) -> Iterator[WriterLock]:
    lock = WriterLock(other)
    yield lock
    lock.release()


def lose(lock: WriterLock, database: Database) -> None:
    """Take the lock away behind its holder's back."""
    epoch = lock.epoch
    if database.backend.name == "sqlite":
        Path(f"{make_url(database.url).database}.lock").unlink()
    else:
        with database.write(durable=False) as connection:
            connection.execute(text(LOSE_THE_LOCK))
    assert lock.epoch == epoch  # it has not noticed


def everything(database: Database) -> list[object]:
    with database.read() as connection:
        return [connection.execute(select(table).order_by(*table.c)).all() for table in TABLES]


@pytest.mark.parametrize("write", WRITES)
def test_nothing_of_a_former_leader_is_written(
    database: Database, other: Database, ours: WriterLock, theirs: WriterLock, write: str
) -> None:
    job = running_job(database)
    assert ours.try_acquire()
    store = SqlJobStore(database, ours)
    store.record(job.id, {1: report(40, 0.5)}, {}, 2.0)
    lose(ours, other)
    assert theirs.try_acquire()
    before = everything(other)

    with pytest.raises(LeadershipLost):
        WRITES[write](store, job)

    assert everything(other) == before
    assert not ours.held()
    with pytest.raises(LeadershipLost):  # it has noticed now, which changes nothing
        WRITES[write](store, job)
    WRITES[write](SqlJobStore(other, theirs), job)
    assert write == "start" or everything(other) != before


def test_a_server_that_never_led_writes_nothing(database: Database) -> None:
    job = running_job(database)

    with pytest.raises(LeadershipLost):
        SqlJobStore(database, WriterLock(database)).pause(job.id, 2.0)


def test_the_number_counts_up_with_each_leader(ours: WriterLock, theirs: WriterLock) -> None:
    epochs = []
    for lock in (ours, theirs, ours):
        assert lock.try_acquire()
        assert lock.try_acquire()  # has it already: the number stays
        epochs.append(lock.epoch)
        lock.release()
        assert lock.epoch is None

    assert epochs == [1, 2, 3]


def test_who_takes_over_waits_for_what_is_under_way(
    database: Database, other: Database, ours: WriterLock, theirs: WriterLock
) -> None:
    """A transaction that began before the takeover is written before it, or not at all."""
    assert ours.try_acquire()
    taken = threading.Event()

    def take_over() -> None:
        assert theirs.try_acquire()
        taken.set()

    thread = threading.Thread(target=take_over)
    with database.write(durable=False) as connection:
        leader.require(connection, ours.epoch)
        lose(ours, other)
        thread.start()
        assert not taken.wait(0.3)
    thread.join(10)

    assert taken.is_set()
    with database.write(durable=False) as connection, pytest.raises(LeadershipLost):
        leader.require(connection, ours.epoch)


def test_who_takes_over_ends_what_hangs(
    database: Database, other: Database, ours: WriterLock, theirs: WriterLock
) -> None:
    """A server that was stopped within a transaction keeps PostgreSQL's row locked for good."""
    if database.backend.name == "sqlite":
        pytest.skip("on one machine a stopped process keeps the lock itself")
    job = running_job(database)
    assert ours.try_acquire()

    def hang() -> None:
        with database.write(durable=False) as connection:
            leader.require(connection, ours.epoch)
            connection.execute(update(tables.jobs).values(seconds=99.0))
            lose(ours, other)
            assert theirs.try_acquire()

    with pytest.raises(DatabaseUnavailable):
        hang()

    assert Jobs(other).get(job.id) == job


def test_trials_of_another_plan_are_refused_by_their_parameters(database: Database) -> None:
    """Two leaders that plan apart give the same numbers to different trials."""
    job = running_job(database)
    same = cohort(job.spec)
    other = Cohort(0, same.round, tuple(_at_another_rate(t) for t in same.trials), opens=True)
    store = SqlJobStore(database)
    store.open_cohort(job.id, same, 1.0)

    with pytest.raises(OtherTrials, match="trials 0 to 1 of job"):
        store.open_cohort(job.id, other, 1.0)

    assert store.history(job.id).trials == same.trials


def _at_another_rate(trial: Trial) -> Trial:
    return replace(trial, params={**trial.params, "learning_rate": 900.0})


def test_users_may_write_through_any_server(
    database: Database, other: Database, theirs: WriterLock
) -> None:
    assert theirs.try_acquire()

    job, created = Jobs(database).create(spec())

    assert created
    assert [each.id for each in SqlJobStore(other, theirs).unfinished()] == [job.id]
