"""A study that Optuna's own tool deleted: its job says that the trials are gone."""

import optuna
import pytest
from optuna.storages import RDBStorage

from hpsearch.errors import JobNotRunnable, TrialsGone
from hpsearch.jobs import JobState, RequestedState
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.integration.storage.samples import finish, running_job


def test_its_job_says_so_and_nothing_is_made_of_it(database: Database, database_url: str) -> None:
    job = running_job(database)
    other = running_job(database)
    finish(database, job, {0: 0.5, 1: 0.6})
    storage = RDBStorage(database_url)
    optuna.delete_study(study_name=job.study, storage=storage)
    storage.remove_session()
    storage.engine.dispose()

    jobs = Jobs(database)
    left = jobs.get(job.id)
    assert left.problem == "its trials are gone: another program deleted its Optuna study"
    assert jobs.get(other.id).problem is None
    listed = {view.job.id: view.job.problem is None for view in jobs.page()[0]}
    assert listed == {job.id: False, other.id: True}
    with pytest.raises(TrialsGone, match="deleted its Optuna study"):
        jobs.change(job.id, budget={"trials": 50})
    with pytest.raises(JobNotRunnable):
        jobs.enqueue(job.id, {"learning_rate": 0.1})
    jobs.wish(job.id, RequestedState.CANCEL)
    SqlJobStore(database).end(job.id, JobState.CANCELLED, "cancelled by user", 1.0)
    assert jobs.get(job.id).state is JobState.CANCELLED
