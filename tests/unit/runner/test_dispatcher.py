"""Which jobs run, and what becomes of wishes, failures and lost engines."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hpsearch.digest import digest
from hpsearch.errors import EngineLost, EngineUnavailable, LeadershipLost
from hpsearch.jobs import JobState, RequestedState
from hpsearch.runner import dispatcher as module
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.runner.ports import LegFailed, LegResult
from hpsearch.spec.stored import Unreadable
from hpsearch.training.leg import LegTask
from tests.fakes import FreeLock, InlineEngine, MemorySource, MemoryStore
from tests.unit.runner.test_job_runner import made_up, spec_of


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(module, "ENGINE_RETRY_INTERVAL", 0.02)


@contextmanager
def dispatching(
    store: MemoryStore,
    answer: Callable[[LegTask], LegResult] = made_up,
    lock: FreeLock | None = None,
) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(store, MemorySource(), lambda: InlineEngine(answer), lock or FreeLock())
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
