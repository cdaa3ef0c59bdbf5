"""What the runner expects of a JobStore, kept by the fake of its tests and by both databases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from hpsearch.baseline import Baseline
from hpsearch.errors import DataChanged, JobNotFound, JobStateConflict, OtherTrials
from hpsearch.history import Cohort, Confirmation, DataHashes, Stage
from hpsearch.jobs import Job, JobState
from hpsearch.runner.ports import JobStore
from hpsearch.spec.parts import Budget
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Ending, Outcome
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.fakes import MemoryStore
from tests.integration.storage.samples import COMPLETED, cohort, report, spec


@dataclass(frozen=True)
class Kept:
    """A store, and how a user adds a job to it."""

    store: JobStore
    add: Callable[[SearchSpec], Job]

    def running(self) -> Job:
        job = self.add(spec())
        self.store.start(job.id, {"numpy": "2"})
        self.store.open_cohort(job.id, cohort(job.spec), 1.0)
        return self.store.job(job.id)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "memory":
        memory = MemoryStore()
        yield Kept(memory, lambda spec: memory.add(spec, f"job{len(memory.jobs)}"))
        return
    database = Database(_url(request))
    yield Kept(SqlJobStore(database), lambda spec: Jobs(database).create(spec)[0])
    database.close()


def _url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    path = request.getfixturevalue("tmp_path") / "hpsearch.db"
    path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    return f"sqlite:///{path}"


def test_a_job_starts_once_and_keeps_its_first_environment(kept: Kept) -> None:
    job = kept.add(spec())
    kept.store.start(job.id, {"numpy": "2"})
    kept.store.pause(job.id, 3.5)
    kept.store.pause(job.id, 99.0)
    paused = kept.store.job(job.id)
    kept.store.start(job.id, {"numpy": "3"})
    resumed = kept.store.job(job.id)

    assert (paused.state, paused.seconds) == (JobState.PAUSED, 3.5)
    assert (resumed.state, resumed.environment) == (JobState.RUNNING, {"numpy": "2"})


def test_a_job_that_waits_is_queued_and_says_for_what(kept: Kept) -> None:
    job = kept.running()
    kept.store.wait(job.id, "fetching mnist", 2.0)
    waiting = kept.store.job(job.id)
    kept.store.start(job.id, {})
    going = kept.store.job(job.id)
    kept.store.pause(job.id, 3.0)
    kept.store.wait(job.id, "nothing", 9.0)

    assert (waiting.state, waiting.waits_for) == (JobState.QUEUED, "fetching mnist")
    assert waiting.seconds == 2.0
    assert (going.state, going.waits_for) == (JobState.RUNNING, None)
    assert kept.store.job(job.id).state is JobState.PAUSED


def test_unfinished_jobs_come_oldest_first(kept: Kept) -> None:
    ids = [kept.add(spec(seed=seed)).id for seed in range(3)]
    kept.store.start(ids[2], {})
    kept.store.end(ids[1], JobState.FAILED, "no such data set", 0.0)

    assert [job.id for job in kept.store.unfinished()] == [ids[0], ids[2]]


def test_a_cohort_is_opened_once(kept: Kept) -> None:
    job = kept.running()
    once = kept.store.history(job.id)
    kept.store.open_cohort(job.id, cohort(job.spec), 9.0)

    assert replace(kept.store.history(job.id), seconds=once.seconds) == once
    assert once.trials == cohort(job.spec).trials


def test_other_trials_under_the_same_numbers_are_refused(kept: Kept) -> None:
    job = kept.running()
    same = cohort(job.spec)
    other = tuple(replace(t, params={**t.params, "learning_rate": 900.0}) for t in same.trials)
    with pytest.raises(OtherTrials):
        kept.store.open_cohort(job.id, Cohort(0, same.round, other, opens=True), 1.0)

    assert kept.store.history(job.id).trials == same.trials


def test_what_was_recorded_first_stays(kept: Kept) -> None:
    job = kept.running()
    kept.store.record(job.id, {0: report(20, 0.3)}, {}, 2.0)
    kept.store.record(job.id, {0: report(20, 0.9)}, {0: COMPLETED}, 3.0)
    kept.store.record(job.id, {0: report(40, 0.9)}, {0: Ending(Outcome.WORKER_LOST, "late")}, 4.0)

    found = kept.store.history(job.id).trials[0]
    assert (found.reports, found.ending) == ((report(20, 0.3),), COMPLETED)


def test_a_confirmation_is_recorded_once(kept: Kept) -> None:
    job = kept.running()
    found = Confirmation(Stage.REPEAT, 0, 0, 100, 20, 10, 0.1, 0.1, report(40, 0.5))
    kept.store.confirm(job.id, found)
    kept.store.confirm(job.id, replace(found, report=report(40, 0.9)))

    assert kept.store.history(job.id).confirmations == (found,)


def test_the_end_takes_what_runs_with_it_and_is_the_end(kept: Kept) -> None:
    job = kept.running()
    kept.store.record(job.id, {0: report(40, 0.5)}, {0: COMPLETED}, 2.0)
    assert kept.store.end(job.id, JobState.CANCELLED, "cancelled by user", 3.0)
    ended, history = kept.store.job(job.id), kept.store.history(job.id)

    assert kept.store.end(job.id, JobState.FAILED, "another", 9.0)
    kept.store.record(job.id, {1: report(40, 0.5)}, {1: COMPLETED}, 9.0)
    kept.store.confirm(job.id, Confirmation(Stage.REPEAT, 0, 0, 1, 1, 1, 0.1, 0.1, report(40, 0.5)))

    assert (ended.state, ended.stop_reason) == (JobState.CANCELLED, "cancelled by user")
    assert [t.ending.outcome for t in history.trials if t.ending] == [
        Outcome.COMPLETED,
        Outcome.CANCELLED,
    ]
    assert (kept.store.job(job.id), kept.store.history(job.id)) == (ended, history)
    calls: list[Callable[[], object]] = [
        lambda: kept.store.start(job.id, {}),
        lambda: kept.store.pause(job.id, 9.0),
        lambda: kept.store.open_cohort(job.id, cohort(job.spec, index=1), 9.0),
    ]
    for call in calls:
        with pytest.raises(JobStateConflict):
            call()


def test_a_job_is_not_ended_for_a_budget_that_it_no_longer_has(kept: Kept) -> None:
    job = kept.running()

    assert not kept.store.end(job.id, JobState.COMPLETED, "budget", 2.0, Budget(trials=99))
    assert kept.store.job(job.id).state is JobState.RUNNING
    assert kept.store.end(job.id, JobState.COMPLETED, "budget", 2.0, job.spec.budget)


def test_a_job_goes_on_with_the_data_that_it_began_with(kept: Kept) -> None:
    job = kept.running()
    baseline = Baseline((15, 0, 7))
    data = DataHashes("0" * 64, "1" * 64, baseline.sha256())
    kept.store.record_data(job.id, data, baseline)
    kept.store.record_data(job.id, data, baseline)
    with pytest.raises(DataChanged):
        kept.store.record_data(job.id, DataHashes("2" * 64, "1" * 64), baseline)

    assert kept.store.job(job.id).data == data
    assert kept.store.history(job.id).data == data
    assert kept.store.history(job.id).baseline == baseline


def test_a_job_that_is_not_there_is_said_so(kept: Kept) -> None:
    calls: list[Callable[[], object]] = [
        lambda: kept.store.job("aaaaaaaaaa"),
        lambda: kept.store.start("aaaaaaaaaa", {}),
        lambda: kept.store.record("aaaaaaaaaa", {}, {}, 0.0),
        lambda: kept.store.end("aaaaaaaaaa", JobState.FAILED, "", 0.0),
    ]
    for call in calls:
        with pytest.raises(JobNotFound):
            call()
