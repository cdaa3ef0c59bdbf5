"""A job's thread: what it trains, records and survives. The trainer is made up."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from hpsearch.errors import (
    AnswerRefused,
    EngineLost,
    NetworkTooLarge,
    WorkerLost,
)
from hpsearch.history import Done, History, Plan
from hpsearch.jobs import JobState
from hpsearch.runner import search_run
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import LegFailed, LegResult
from hpsearch.runner.run_control import RunControl, Stopped
from hpsearch.search.plan import plan
from hpsearch.spec.search import SearchSpec
from hpsearch.training.leg import LegTask
from hpsearch.trial import Outcome, TrialState
from tests.fakes import InlineEngine, MemorySource, MemoryStore
from tests.unit.runner.made_up_job import digest_of, made_up, run, spec_of


def failing_with(error: BaseException) -> Callable[[LegTask], LegResult]:
    return lambda _: LegFailed(error)


def test_a_job_runs_to_its_budget() -> None:
    store = MemoryStore()
    store.add(spec_of())
    run(store)
    job, history = store.jobs["job"], store.histories["job"]
    assert (job.state, job.stop_reason) == (JobState.COMPLETED, "budget: trials")
    assert len(history.trials) == 20
    assert all(trial.ending is not None for trial in history.trials)
    assert {trial.state for trial in history.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_finishes_first_changes_nothing(seed: int, undisturbed: str) -> None:
    store = MemoryStore()
    store.add(spec_of())
    run(store, seed=seed)
    assert digest_of(store) == undisturbed


@pytest.mark.parametrize("error", [WorkerLost(3), AnswerRefused("loss: 3 workers died, not 0.5")])
def test_a_trial_whose_workers_die_or_lie_ends_alone(error: Exception) -> None:
    store = MemoryStore()
    store.add(spec_of())

    def poisoned(task: LegTask) -> LegResult:
        return LegFailed(error) if task.trial == 4 else made_up(task)

    run(store, poisoned)
    trials = store.histories["job"].trials
    assert store.jobs["job"].state is JobState.COMPLETED
    assert [t.number for t in trials if t.state is TrialState.FAIL] == [4]
    ending = trials[4].ending
    assert ending is not None
    assert ending.outcome is Outcome.WORKER_LOST
    assert "3 workers died" in ending.reason


def test_a_trial_that_needs_too_much_memory_ends_alone() -> None:
    store = MemoryStore()
    store.add(spec_of())

    def large(task: LegTask) -> LegResult:
        error = NetworkTooLarge("lenet5", 100, 2**31, 2**30)
        return LegFailed(error) if task.trial == 4 else made_up(task)

    run(store, large)
    ending = store.histories["job"].trials[4].ending
    assert store.jobs["job"].state is JobState.COMPLETED
    assert ending is not None
    assert ending.outcome is Outcome.OUT_OF_MEMORY
    assert "lenet5 with batch_size 100 would need 2,048 MB" in ending.reason


def test_too_many_failures_end_the_job_as_failed() -> None:
    store = MemoryStore()
    store.add(spec_of(budget={"trials": 20, "failures": 2}))
    run(store, lambda _: LegFailed(WorkerLost(3)))
    job = store.jobs["job"]
    assert (job.state, job.stop_reason) == (
        JobState.FAILED,
        "too many failures; no trial was trained to its end",
    )


def test_lost_workers_and_faults_of_ours_reach_the_dispatcher() -> None:
    for error in (EngineLost("gone"), ZeroDivisionError()):
        store = MemoryStore()
        store.add(spec_of())
        with pytest.raises(type(error)):
            run(store, failing_with(error))
        assert store.jobs["job"].state is JobState.RUNNING


def test_stop_leaves_the_job_as_it_is_recorded() -> None:
    store = MemoryStore()
    store.add(spec_of())
    release = threading.Event()

    def slow(task: LegTask) -> LegResult:
        release.wait(5)
        return made_up(task)

    engine = InlineEngine(slow)
    control = RunControl(store.jobs["job"])
    threading.Timer(0.05, control.stop).start()
    with pytest.raises(Stopped):
        JobRunner(control, store, DataPool(MemorySource()), engine).run()
    release.set()
    engine.close()
    assert store.jobs["job"].state is JobState.RUNNING


def test_when_the_seconds_are_up_the_job_ends_at_once() -> None:
    store = MemoryStore()
    store.add(spec_of(budget={"seconds": 0.2}))
    release = threading.Event()

    def slow(task: LegTask) -> LegResult:
        release.wait(5)
        return made_up(task)

    engine = InlineEngine(slow)
    JobRunner(RunControl(store.jobs["job"]), store, DataPool(MemorySource()), engine).run()
    release.set()
    engine.close()
    job = store.jobs["job"]
    assert (job.state, job.stop_reason) == (
        JobState.COMPLETED,
        "budget: seconds; no trial was trained to its end",
    )
    endings = {trial.ending.outcome for trial in store.histories["job"].trials if trial.ending}
    assert endings == {Outcome.CUT_SHORT}


def test_a_larger_budget_goes_on_where_the_search_ended() -> None:
    store = MemoryStore()
    job = store.add(spec_of())
    run(store)
    longer = job.spec.model_copy(
        update={"budget": job.spec.budget.model_copy(update={"trials": 30})}
    )
    store.jobs["job"] = replace(store.jobs["job"], stored_spec=longer, state=JobState.QUEUED)
    before: History = store.histories["job"]
    run(store)
    assert len(store.histories["job"].trials) == 30
    assert store.histories["job"].trials[:20] == before.trials


def test_a_budget_that_is_raised_in_the_last_moment_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    job = store.add(spec_of())
    control = RunControl(job)

    def raised_while_planning(spec: SearchSpec, history: History) -> Plan:
        planned = plan(spec, history)
        if isinstance(planned, Done) and spec == job.spec:
            budget = spec.budget.model_copy(update={"trials": 30})
            longer = spec.model_copy(update={"budget": budget})
            store.jobs["job"] = replace(store.jobs["job"], stored_spec=longer)
            control.change(store.jobs["job"])
        return planned

    monkeypatch.setattr(search_run, "plan", raised_while_planning)
    engine = InlineEngine(made_up)
    JobRunner(control, store, DataPool(MemorySource()), engine).run()
    engine.close()
    assert len(store.histories["job"].trials) == 30


def test_leaving_finishes_what_is_in_training_and_loses_nothing(undisturbed: str) -> None:
    store = MemoryStore()
    store.add(spec_of())
    control = RunControl(store.jobs["job"])

    def leave_at_the_tenth(task: LegTask) -> LegResult:
        if task.trial == 10:
            control.leave()
        return made_up(task)

    engine = InlineEngine(leave_at_the_tenth)
    with pytest.raises(Stopped):
        JobRunner(control, store, DataPool(MemorySource()), engine).run()
    engine.close()
    trials = store.histories["job"].trials
    assert 10 < len(trials) < 20
    assert all(trial.ending is not None for trial in trials)
    run(store)
    assert digest_of(store) == undisturbed


def test_a_run_that_was_told_to_stop_writes_nothing_more() -> None:
    store = MemoryStore()
    store.add(spec_of())
    control = RunControl(store.jobs["job"])
    control.stop()
    engine = InlineEngine(made_up)
    with pytest.raises(Stopped):
        JobRunner(control, store, DataPool(MemorySource()), engine).run()
    engine.close()
    assert store.jobs["job"].state is JobState.QUEUED
