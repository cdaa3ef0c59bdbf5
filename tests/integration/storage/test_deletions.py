"""Deleting jobs: at once for everybody, in pieces for the database, and never half."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from hpsearch.errors import InvalidSpec, JobInUse, JobNotFound, JobStateConflict
from hpsearch.history import Confirmation, Stage
from hpsearch.jobs import Job, JobState
from storage import deletions as module
from storage.database import Database
from storage.deletions import Deletions
from storage.events import Events
from storage.job_store import SqlJobStore
from storage.overview import Overview
from storage.rows import optuna_tables, tables
from storage.rows.jobs import now
from storage.rows.keys import KEYS_LAST
from storage.user_jobs import Jobs
from storage.user_trials import Trials
from tests.integration.storage.samples import cohort, finish, report, running_job, spec

KEPT = (tables.leader, tables.last_deleted)
OURS = [table for table in tables.metadata.sorted_tables if table not in KEPT]
OPTUNAS = (optuna_tables.studies, optuna_tables.trials, *optuna_tables.OF_TRIALS)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIALS_AT_ONCE", 3)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 5)


def ended_job(database: Database, size: int = 7, **fields: object) -> Job:
    job = running_job(database, size=size, **fields)
    finish(database, job, dict.fromkeys(range(size - 1), 0.5))
    Jobs(database).enqueue(job.id, {"learning_rate": 1.0})
    found = Confirmation(Stage.REPEAT, 0, 0, 100, 20, 10, 0.1, 0.1, report(40, 0.5))
    SqlJobStore(database).confirm(job.id, found)
    SqlJobStore(database).end(job.id, JobState.COMPLETED, "budget: trials", 2.0)
    return Jobs(database).get(job.id)


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has, those left out that have none."""
    with database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (*OURS, *OPTUNAS, *optuna_tables.OF_STUDIES)
        }
    return {name: count for name, count in counts.items() if count}


def test_nobody_sees_a_deleted_job(database: Database) -> None:
    jobs, trials, deletions = Jobs(database), Trials(database), Deletions(database)
    kept = ended_job(database, seed=1)
    job = ended_job(database)
    jobs.look(job.id)

    deletions.delete(job.id)
    deletions.delete(job.id)  # it is being deleted already

    for call in (jobs.get, jobs.look, jobs.version, trials.page, trials.best, trials.rounds):
        with pytest.raises(JobNotFound):
            call(job.id)
    assert [view.job for view in jobs.page()[0]] == [kept]
    assert Overview(database).counts().jobs[JobState.COMPLETED] == 1
    assert Events(database).glance([job.id]) == {}
    with pytest.raises(InvalidSpec):
        jobs.page(after=job.id)


def test_all_its_rows_go_and_no_others(database: Database) -> None:
    jobs, deletions = Jobs(database), Deletions(database)
    kept = ended_job(database, seed=1)
    before, history = rows(database), SqlJobStore(database).history(kept.id)
    job, _ = jobs.create(spec(), "a key")
    SqlJobStore(database).open_cohort(job.id, cohort(job.spec, size=7), 1.0)
    finish(database, job, {0: 0.5})
    lost = Confirmation(Stage.REPEAT, 0, 0, 64, 16, 100, 0.1, 0.1, None, "worker lost")
    SqlJobStore(database).confirm(job.id, lost)
    SqlJobStore(database).end(job.id, JobState.CANCELLED, "cancelled by user", 2.0)
    between = rows(database)

    deletions.delete(job.id)
    assert rows(database) == between
    deletions.finish()

    assert rows(database) == before
    assert SqlJobStore(database).history(kept.id) == history
    with pytest.raises(JobNotFound):
        deletions.delete(job.id)
    again, created = jobs.create(spec(), "a key")
    assert created
    assert again.id != job.id


def test_what_a_kill_left_is_removed_by_the_next(database: Database) -> None:
    job = ended_job(database)
    Deletions(database).delete(job.id)
    pieces = iter([False, False, True])
    Deletions(database).finish(lambda: next(pieces))
    left = rows(database)

    Deletions(database).finish()

    assert 0 < left["hps_trials"] < 7
    assert left["hps_jobs"] == 1
    assert rows(database) == {}


KILLED = """
import os, sys
from storage.database import Database
from storage.deletions import Deletions
from storage import deletions
deletions.TRIALS_AT_ONCE = deletions.ROWS_AT_ONCE = 1
count = 0
def stop():
    global count
    count += 1
    if count > 4:
        os.kill(os.getpid(), 9)
    return False
Deletions(Database(sys.argv[1])).finish(stop)
"""


def test_a_server_that_is_killed_leaves_nothing_half(database: Database, database_url: str) -> None:
    kept, job = ended_job(database, seed=1), ended_job(database)
    before = SqlJobStore(database).history(kept.id)
    Deletions(database).delete(job.id)

    done = subprocess.run([sys.executable, "-c", KILLED, database_url], check=False)
    Deletions(database).finish()

    assert done.returncode == -9
    assert rows(database)["hps_jobs"] == 1
    assert SqlJobStore(database).history(kept.id) == before


def test_a_job_that_has_not_ended_is_not_deleted(database: Database) -> None:
    job = running_job(database)

    with pytest.raises(JobStateConflict, match="is running: it cannot be deleted now"):
        Deletions(database).delete(job.id)

    assert Jobs(database).get(job.id) == job


def test_a_job_that_another_starts_from_is_not_deleted_before_that(database: Database) -> None:
    earlier = ended_job(database)
    later, _ = Jobs(database).create(spec(seed=1), warm_start=[earlier.id])
    SqlJobStore(database).end(later.id, JobState.CANCELLED, "cancelled by user", 0.0)

    with pytest.raises(JobInUse) as caught:
        Deletions(database).delete(earlier.id)
    assert caught.value.later == (later.id,)

    Deletions(database).delete(later.id)
    Deletions(database).delete(earlier.id)
    Deletions(database).finish()
    assert rows(database) == {}


def test_a_deleted_job_gives_no_warm_start(database: Database) -> None:
    job = ended_job(database)
    Deletions(database).delete(job.id)

    with pytest.raises(JobNotFound):
        Jobs(database).create(spec(seed=1), warm_start=[job.id])


def ids_of(database: Database, job: Job) -> Iterator[int]:
    """Of its study and its trials."""
    yield Jobs(database).look(job.id).study_id
    with database.read() as connection:
        query = select(optuna_tables.trials.c.trial_id).join(optuna_tables.studies)
        named = query.where(optuna_tables.studies.c.study_name == job.study)
        yield from connection.execute(named).scalars()


def test_no_id_is_given_twice(database: Database) -> None:
    """Optuna's caches and the dashboard's addresses know studies and trials by their ids."""
    seen: set[int] = set()
    studies: set[int] = set()
    for _ in range(3):
        job = ended_job(database)
        study, *trials = ids_of(database, job)
        assert study not in studies
        assert not seen & set(trials)
        studies.add(study)
        seen.update(trials)
        Deletions(database).delete(job.id)
        Deletions(database).finish()

    assert len(seen) == 21


def test_keys_are_forgotten_in_time(database: Database) -> None:
    jobs, keys = Jobs(database), tables.idempotency_keys
    old, _ = jobs.create(spec(), "old")
    ages = {"old": KEYS_LAST + timedelta(minutes=1), "new": KEYS_LAST - timedelta(minutes=1)}
    new, _ = jobs.create(spec(), "new")
    with database.write(durable=False) as connection:
        for job, age in ((old, ages["old"]), (new, ages["new"])):
            statement = update(keys).where(keys.c.job_id == job.id)
            connection.execute(statement.values(created_at=now() - age))

    assert jobs.create(spec(), "new") == (new, False)
    assert jobs.create(spec(), "old")[1]  # known no more, though it has not been swept
    with database.write(durable=False) as connection:
        connection.execute(update(keys).values(created_at=now() - ages["old"]))
    Deletions(database).expire_keys()
    assert "hps_idempotency_keys" not in rows(database)
