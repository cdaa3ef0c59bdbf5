"""The same spec and seed give the same search: real Dask workers, real training, real SQLite."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hpsearch.datasets.catalogue import Catalogue
from hpsearch.digest import digest
from hpsearch.jobs import Job, JobState, RequestedState
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.trial import TrialState
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

SPEC = parse_spec(
    {
        "dataset": "digits",
        "network": {"architecture": "mlp", "batch_norm": True, "dropout": 0.2},
        "optimizer": "adam",
        "space": {"hidden_units": {"type": "int", "low": 8, "high": 64, "log": True}},
        "batch_size": 25,
        "budget": {"trials": 24},
        "seed": 3,
    }
)


class Service:
    """A database with a dispatcher over real workers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.database = Database(f"sqlite:///{folder / 'hpsearch.db'}")
        self.database.initialise()
        self.jobs = Jobs(self.database)
        self.records = SqlJobStore(self.database)
        self._catalogue = Catalogue(folder)
        self._folder = folder

    def submit(self, spec: SearchSpec = SPEC) -> str:
        return self.jobs.create(spec)[0].id

    @contextmanager
    def running(self, workers: int) -> Iterator[Dispatcher]:
        dispatcher = Dispatcher(
            self.records,
            self._catalogue,
            lambda: DaskEngine.local(workers, self._folder),
            WriterLock(self.database),
        )
        dispatcher.start()
        try:
            yield dispatcher
        finally:
            dispatcher.stop(10)

    def until(self, job_id: str, condition: Callable[[Job], bool], seconds: float = 120) -> Job:
        deadline = time.monotonic() + seconds
        while not condition(job := self.jobs.get(job_id)):
            assert time.monotonic() < deadline, f"job {job_id} is still {job.state}"
            time.sleep(0.05)
        return job

    def finish(self, job_id: str) -> str:
        job = self.until(job_id, lambda job: job.state.ended)
        assert (job.state, job.stop_reason) == (JobState.COMPLETED, "budget: trials")
        history = self.records.history(job_id)
        assert len(history.trials) == 24
        return digest(job.spec, history, job.stop_reason)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest with one worker, undisturbed."""
    service = Service(tmp_path_factory.mktemp("one"))
    job_id = service.submit()
    with service.running(workers=1):
        return service.finish(job_id)


def test_with_two_workers_and_other_jobs_beside(tmp_path: Path, expected: str) -> None:
    service = Service(tmp_path)
    first, other, second = (
        service.submit(),
        service.submit(SPEC.model_copy(update={"seed": 4})),
        service.submit(),
    )
    with service.running(workers=2):
        digests = [service.finish(job_id) for job_id in (first, other, second)]
    assert [digests[0], digests[2]] == [expected, expected]
    assert digests[1] != expected


def test_with_eight_workers_and_a_stop_and_start_in_the_middle(
    tmp_path: Path, expected: str
) -> None:
    service = Service(tmp_path)
    job_id = service.submit()
    with service.running(workers=8):
        service.until(job_id, lambda _: _ended(service, job_id) >= 6)
    assert service.jobs.get(job_id).state is JobState.RUNNING
    assert _ended(service, job_id) < 24
    with service.running(workers=2):
        assert service.finish(job_id) == expected


def test_cancel_takes_effect_within_two_seconds(tmp_path: Path) -> None:
    service = Service(tmp_path)
    slow = SPEC.model_copy(update={"epochs": 1000.0, "batch_size": 1})
    job_id = service.submit(slow)
    with service.running(workers=2) as dispatcher:
        service.until(job_id, lambda _: len(service.records.history(job_id).trials) > 0)
        service.jobs.wish(job_id, RequestedState.CANCEL)
        dispatcher.poke()
        job = service.until(job_id, lambda job: job.state.ended, seconds=2)
        assert (job.state, job.stop_reason) == (JobState.CANCELLED, "cancelled by user")
        # The workers are free again, although they were in the middle of long legs.
        service.finish(service.submit())


def _ended(service: Service, job_id: str) -> int:
    trials = service.records.history(job_id).trials
    return sum(trial.state is not TrialState.RUNNING for trial in trials)
