"""Which jobs run, and what becomes of wishes, failures and lost engines."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from hpsearch.datasets.source import Fetching
from hpsearch.digest import digest
from hpsearch.errors import EngineLost, EngineUnavailable, LeadershipLost
from hpsearch.jobs import JobState, RequestedState
from hpsearch.runner import dispatcher as module
from hpsearch.runner import engine_keeper, job_threads, places
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.runner.ports import LegFailed, LegResult, UnfinishedJob
from hpsearch.spec.stored import Unreadable
from hpsearch.training.leg import LegTask
from tests.fakes import FreeLock, InlineEngine, MemorySource, MemoryStore
from tests.unit.runner.made_up_job import made_up, spec_of


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(engine_keeper, "RETRY_INTERVAL", 0.02)


@contextmanager
def dispatching(
    store: MemoryStore,
    answer: Callable[[LegTask], LegResult] = made_up,
    lock: FreeLock | None = None,
    source: MemorySource | None = None,
    places: int = 4,
    places_per_owner: int | None = None,
) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(
        *(store, source or MemorySource(), lambda: InlineEngine(answer), lock or FreeLock()),
        places=places,
        places_per_owner=places_per_owner,
    )
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        dispatcher.stop(5)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def slowly(task: LegTask) -> LegResult:
    time.sleep(0.02)
    return made_up(task)


def test_jobs_run_side_by_side_to_their_ends() -> None:
    store = MemoryStore()
    for name in ("one", "two", "three"):
        store.add(spec_of(), name)
    with dispatching(store):
        until(lambda: all(job.state.ended for job in store.jobs.values()))
    digests = {
        digest(job.spec, store.histories[job.id], job.stop_reason) for job in store.jobs.values()
    }
    assert len(digests) == 1


def test_a_job_that_cannot_run_fails_alone() -> None:
    store = MemoryStore()
    store.add(spec_of(), "good")
    store.add(spec_of(dataset="absent"), "bad")
    with dispatching(store):
        until(lambda: all(job.state.ended for job in store.jobs.values()))
    assert store.jobs["good"].state is JobState.COMPLETED
    assert store.jobs["bad"].state is JobState.FAILED
    assert "no data set is named 'absent'" in str(store.jobs["bad"].stop_reason)


def test_cancel_ends_a_running_job_soon() -> None:
    store = MemoryStore()
    store.add(spec_of())
    with dispatching(store, slowly):
        until(lambda: len(store.histories["job"].trials) > 0)
        store.wish("job", RequestedState.CANCEL)
        until(lambda: store.jobs["job"].state is JobState.CANCELLED, seconds=2)
    assert store.jobs["job"].stop_reason == "cancelled by user"
    assert all(trial.ending is not None for trial in store.histories["job"].trials)


def test_a_paused_job_goes_on_to_the_same_result() -> None:
    store = MemoryStore()
    store.add(spec_of(), "job")
    store.add(spec_of(), "undisturbed")
    with dispatching(store, slowly):
        until(lambda: len(store.histories["job"].trials) > 8)
        store.wish("job", RequestedState.PAUSE)
        until(lambda: store.jobs["job"].state is JobState.PAUSED)
        trials = len(store.histories["job"].trials)
        time.sleep(0.2)
        assert len(store.histories["job"].trials) == trials
        store.wish("job", RequestedState.RUN)
        until(lambda: all(job.state.ended for job in store.jobs.values()))
    first, second = store.histories["job"], store.histories["undisturbed"]
    assert digest(spec_of(), first, None) == digest(spec_of(), second, None)


def test_when_the_workers_are_lost_all_jobs_go_on_with_new_ones() -> None:
    store = MemoryStore()
    store.add(spec_of())
    losses = iter([True] * 3)

    def lossy(task: LegTask) -> LegResult:
        if task.trial == 9 and next(losses, False):
            return LegFailed(EngineLost("the scheduler was killed"))
        return made_up(task)

    with dispatching(store, lossy):
        until(lambda: store.jobs["job"].state.ended)
    assert store.jobs["job"].stop_reason == "budget: trials"


def test_no_workers_is_a_problem_that_is_told_and_tried_again() -> None:
    store = MemoryStore()
    store.add(spec_of())
    there = threading.Event()

    def make() -> InlineEngine:
        if not there.is_set():
            raise EngineUnavailable("no Dask scheduler answers at tcp://nowhere:8786")
        return InlineEngine(made_up)

    dispatcher = Dispatcher(store, MemorySource(), make, FreeLock())
    dispatcher.start()
    until(lambda: "nowhere:8786" in str(dispatcher.status().problem))
    there.set()
    until(lambda: store.jobs["job"].state.ended)
    assert dispatcher.status().problem is None
    dispatcher.stop(5)


def test_without_the_lock_nothing_runs_until_it_is_free() -> None:
    store = MemoryStore()
    store.add(spec_of())
    lock = FreeLock(free=False)
    with dispatching(store, slowly, lock) as dispatcher:
        until(lambda: "standing by" in str(dispatcher.status().problem))
        assert store.jobs["job"].state is JobState.QUEUED
        lock.free = True
        until(lambda: store.jobs["job"].state.ended)
        assert dispatcher.status().leader


def test_who_loses_the_lock_lets_go_of_its_jobs() -> None:
    store = MemoryStore()
    store.add(spec_of())
    lock = FreeLock()
    with dispatching(store, slowly, lock) as dispatcher:
        until(lambda: len(store.histories["job"].trials) > 0)
        lock.free = False
        until(lambda: not dispatcher.status().leader)
        recorded = store.histories["job"]
        time.sleep(0.2)
        assert store.histories["job"] == recorded


def test_a_larger_budget_reaches_a_running_job() -> None:
    store = MemoryStore()
    job = store.add(spec_of())
    with dispatching(store, slowly):
        until(lambda: len(store.histories["job"].trials) > 0)
        budget = job.spec.budget.model_copy(update={"trials": 26})
        running = store.jobs["job"]
        longer = job.spec.model_copy(update={"budget": budget})
        store.jobs["job"] = replace(running, stored_spec=longer, version=running.version + 1)
        until(lambda: store.jobs["job"].state.ended)
    assert len(store.histories["job"].trials) == 26


def test_a_job_that_this_version_cannot_run_stops_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    old = store.add(spec_of(), "old")
    store.jobs["old"] = replace(old, stored_spec=Unreadable("sampler.name: is gone", "{}"))
    store.add(spec_of(), "new")
    with dispatching(store) as dispatcher:
        until(lambda: store.jobs["new"].state is JobState.COMPLETED)
        unattended = dispatcher.status().unattended
        store.wish("old", RequestedState.CANCEL)
        until(lambda: store.jobs["old"].state is JobState.CANCELLED)
        until(lambda: not dispatcher.status().unattended)

    assert list(unattended) == ["old"]
    assert "sampler.name: is gone" in unattended["old"]
    assert sum("cannot be attended" in record.message for record in caplog.records) == 1


def test_a_server_that_lost_its_leadership_stands_down() -> None:
    """Its lock seems to be its own: what it was about to record says that it is not."""
    store, lock = MemoryStore(), FreeLock()
    store.add(spec_of())

    def refuse() -> None:
        lock.free = False  # the other server has it
        raise LeadershipLost

    with dispatching(store, slowly, lock) as dispatcher:
        until(lambda: bool(store.histories["job"].trials))
        store.failing = refuse
        until(lambda: not dispatcher.status().leader)
        until(lambda: dispatcher.status().running == ())

    assert not lock.ours
    assert not store.jobs["job"].state.ended


@pytest.mark.parametrize(
    ("wish", "state"),
    [(RequestedState.CANCEL, JobState.CANCELLED), (RequestedState.PAUSE, JobState.PAUSED)],
)
def test_wishes_are_followed_while_there_are_no_workers(
    wish: RequestedState, state: JobState
) -> None:
    store = MemoryStore()
    store.add(spec_of())
    give_up = threading.Event()

    def make() -> InlineEngine:
        give_up.wait(10)  # as one that waits for a scheduler that does not answer
        raise EngineUnavailable("no Dask scheduler answers at tcp://nowhere:8786")

    dispatcher = Dispatcher(store, MemorySource(), make, FreeLock())
    dispatcher.start()
    try:
        store.wish("job", wish)
        until(lambda: store.jobs["job"].state is state, seconds=2)
    finally:
        give_up.set()
        dispatcher.stop(5)


def test_a_run_that_does_not_stop_is_not_joined_by_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_threads, "STOP_TIMEOUT", 0.1)
    looks, asked = 0, 0

    class Watched(MemoryStore):
        def unfinished(self) -> Sequence[UnfinishedJob]:
            nonlocal looks
            looks += 1
            return super().unfinished()

    store = Watched()
    store.add(spec_of())
    hangs, answers = threading.Event(), threading.Event()

    class Hanging(InlineEngine):
        def environment(self) -> Mapping[str, str]:
            nonlocal asked
            asked += 1
            hangs.set()
            answers.wait(10)
            return super().environment()

    dispatcher = Dispatcher(store, MemorySource(), lambda: Hanging(made_up), FreeLock())
    dispatcher.start()
    try:
        assert hangs.wait(5)
        store.wish("job", RequestedState.PAUSE)
        until(lambda: store.jobs["job"].state is JobState.PAUSED)
        store.wish("job", RequestedState.RUN)
        seen = looks
        until(lambda: looks > seen + 2)
        assert asked == 1
        answers.set()
        until(lambda: store.jobs["job"].state is JobState.COMPLETED)
        assert asked == 2
    finally:
        answers.set()
        dispatcher.stop(5)


def test_only_as_many_jobs_are_started_as_there_are_places_and_all_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "TURN_SECONDS", 0.1)
    store, most = MemoryStore(), 0
    names = [f"job {number}" for number in range(6)]
    for name in names:
        store.add(spec_of(budget={"trials": 100}, cohort=2, rounds={"count": 1}), name)

    def counting(task: LegTask) -> LegResult:
        nonlocal most
        most = max(most, sum(each.name.startswith("job-job ") for each in threading.enumerate()))
        return slowly(task)

    with dispatching(store, counting, places=2):
        until(lambda: all(store.histories[name].trials for name in names), seconds=60)
        assert not any(job.state.ended for job in store.jobs.values())
        states = Counter(job.state for job in store.jobs.values())
    assert states[JobState.QUEUED] >= 3
    assert most <= 3  # one that leaves makes room before all of it is away


def test_an_owner_has_the_quota_of_places_and_others_have_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "TURN_SECONDS", 0.1)
    store, most = MemoryStore(), 0
    anns = [f"ann {number}" for number in range(25)]  # more than are looked at at a time
    for name in [*anns, "bob"]:
        store.add(spec_of(budget={"trials": 100}, cohort=2, rounds={"count": 1}), name, name[:3])

    def counting(task: LegTask) -> LegResult:
        nonlocal most
        most = max(most, sum(each.name.startswith("job-ann ") for each in threading.enumerate()))
        return slowly(task)

    with dispatching(store, counting, places=4, places_per_owner=1):
        until(lambda: bool(store.histories["bob"].trials), seconds=5)
        until(lambda: sum(bool(store.histories[name].trials) for name in anns) >= 3, seconds=60)
    assert most <= 2  # one that leaves makes room before all of it is away


class FetchingSource(MemorySource):
    """Its data set is being fetched, until it is here or will not come."""

    def __init__(self) -> None:
        self.away = True
        self.problem: str | None = None

    def ensure(self, name: str) -> Fetching | None:
        return SimpleNamespace(problem=self.problem) if self.away else None


def test_a_job_waits_for_its_data_set_and_says_so() -> None:
    store, source = MemoryStore(), FetchingSource()
    store.add(spec_of())
    with dispatching(store, source=source):
        until(lambda: store.jobs["job"].waits_for == "fetching small")
        assert store.jobs["job"].state is JobState.QUEUED
        source.away = False
        until(lambda: store.jobs["job"].state is JobState.COMPLETED)
    assert store.jobs["job"].waits_for is None


def test_a_job_whose_data_set_cannot_be_fetched_fails_with_what_to_do() -> None:
    store, source = MemoryStore(), FetchingSource()
    store.add(spec_of())
    with dispatching(store, source=source):
        until(lambda: store.jobs["job"].waits_for is not None)
        source.problem = "small could not be downloaded; add it from a file"
        until(lambda: store.jobs["job"].state is JobState.FAILED)
    assert store.jobs["job"].stop_reason == "small could not be downloaded; add it from a file"
