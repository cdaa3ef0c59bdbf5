"""A job whose stored spec this version cannot read: it can be seen, and stops nobody else."""

import json

import pytest
from sqlalchemy import update

from hpsearch.errors import JobNotRunnable
from hpsearch.history import EarlierJob
from hpsearch.jobs import Job, JobState, RequestedState
from hpsearch.spec.stored import SPEC_VERSION
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.rows import tables
from storage.user_jobs import Jobs
from storage.user_trials import Trials
from tests.integration.storage.samples import finish, running_job, spec


def make_unreadable(database: Database, job: Job) -> None:
    """As if another version had stored a sampler that this one does not know."""
    stored = {**job.spec.canonical(), "name": "old", "sampler": {"name": "annealing"}}
    with database.write(durable=False) as connection:
        connection.execute(
            update(tables.jobs).where(tables.jobs.c.id == job.id).values(spec=json.dumps(stored))
        )


@pytest.fixture
def old(database: Database) -> Job:
    """An unreadable job with one complete and one running trial."""
    job = running_job(database)
    finish(database, job, {0: 0.75})
    make_unreadable(database, job)
    return job


def test_it_can_be_looked_at(database: Database, old: Job) -> None:
    trials = Trials(database)
    found = Jobs(database).get(old.id)

    assert found.problem is not None
    assert found.problem.startswith("sampler.name: ")
    assert found.name == "old"
    assert found.spec_as_json()["sampler"] == {"name": "annealing"}
    assert [view.job.id for view in Jobs(database).page()[0]] == [old.id]
    page = trials.page(old.id)[0]
    assert page == [trials.get(old.id, 0), trials.get(old.id, 1)]
    assert trials.best(old.id)[0].params == page[0].params
    assert Jobs(database).look(old.id).progress.planned is None
    assert Jobs(database).look(old.id).best == trials.best(old.id)[0]
    assert len(trials.rounds(old.id)) == 1


def test_its_trials_have_the_same_parameters_as_before(database: Database) -> None:
    job = running_job(database)
    before = Trials(database).page(job.id)
    make_unreadable(database, job)

    after = Trials(database).page(job.id)

    assert after == before
    kinds = [{name: type(value) for name, value in trial.params.items()} for trial in after[0]]
    assert kinds[0] == {"learning_rate": float, "batch_size": int, "optimizer": str}


def test_it_can_be_cancelled_but_not_run(database: Database, old: Job) -> None:
    jobs, store = Jobs(database), SqlJobStore(database)
    jobs.wish(old.id, RequestedState.PAUSE)
    store.pause(old.id, 2.0)
    with pytest.raises(JobNotRunnable, match="clone it with changes"):
        jobs.wish(old.id, RequestedState.RUN)
    with pytest.raises(JobNotRunnable):
        jobs.enqueue(old.id, {"learning_rate": 1.0})

    jobs.wish(old.id, RequestedState.CANCEL)
    assert [job.wish for job in store.unfinished()] == [RequestedState.CANCEL]
    store.end(old.id, JobState.CANCELLED, "cancelled by user", 3.0)

    assert jobs.get(old.id).state is JobState.CANCELLED
    assert store.unfinished() == []


def test_a_later_job_may_start_from_its_trials(database: Database, old: Job) -> None:
    later, _ = Jobs(database).create(spec(seed=2), warm_start=[old.id])

    prior = SqlJobStore(database).history(later.id).prior

    assert prior == (EarlierJob(old.id, None, (Trials(database).get(old.id, 0),)),)


def test_the_form_of_a_newer_version_is_not_guessed_at(database: Database) -> None:
    job = running_job(database)
    with database.write(durable=False) as connection:
        connection.execute(update(tables.jobs).values(spec_version=SPEC_VERSION + 1))

    assert "written by a newer version" in str(Jobs(database).get(job.id).problem)
