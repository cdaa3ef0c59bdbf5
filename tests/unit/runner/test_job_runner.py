"""A job's thread: what it trains, records and survives. The trainer is made up."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.service import wait_until
from hpsearch.digest import digest
from hpsearch.errors import (
    AnswerRefused,
    DatabaseUnavailable,
    EngineLost,
    NetworkTooLarge,
    WorkerLost,
)
from hpsearch.history import Done, History, Plan
from hpsearch.jobs import JobState
from hpsearch.runner import run_control, search_run
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import LegDone, LegFailed, LegResult
from hpsearch.runner.run_control import RunControl, Stopped
from hpsearch.search.plan import plan
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegReport, LegTask
from hpsearch.trial import Outcome, Report, TrialState
from tests.fakes import InlineEngine, MemorySource, MemoryStore

STEPS_PER_EPOCH = 16  # 160 training images, ten a batch
TRAINS = TrainingSettings(learning_rate=0.1)


def spec_of(**changes: object) -> SearchSpec:
    base = {"dataset": "small", "network": "mlp", "batch_size": 10, "budget": {"trials": 20}}
    return parse_spec({**base, **changes})


def made_up(task: LegTask) -> LegResult:
    """Good near a learning rate of 0.1, diverged above 1."""
    rate = task.training.learning_rate
    epoch = task.stop_step / STEPS_PER_EPOCH
    diverged = rate > 1
    quality = math.exp(-(math.log10(rate / 0.1) ** 2)) * (1 - math.exp(-epoch))
    value = math.nan if diverged else 0.1 + 0.9 * quality
    loss = math.nan if diverged else 2.3 * (1 - quality)
    return LegDone(
        LegReport(task.stop_step, epoch, value, loss, loss, 2.3, 3 if diverged else None, 0, False)
    )


def failing_with(error: BaseException) -> Callable[[LegTask], LegResult]:
    return lambda _: LegFailed(error)


def run(
    store: MemoryStore, answer: Callable[[LegTask], LegResult] = made_up, seed: int = 0
) -> InlineEngine:
    engine = InlineEngine(answer, seed)
    try:
        JobRunner(RunControl(store.jobs["job"]), store, DataPool(MemorySource()), engine).run()
    finally:
        engine.close()
    return engine


def digest_of(store: MemoryStore) -> str:
    job = store.jobs["job"]
    return digest(job.spec, store.histories["job"], job.stop_reason)


@pytest.fixture
def undisturbed() -> str:
    store = MemoryStore()
    store.add(spec_of())
    run(store)
    return digest_of(store)


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


def run_until_killed(store: MemoryStore, writes: int) -> None:
    """Run until the write of this number, counted from 1, fails."""
    left = writes

    def break_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise RuntimeError("the server was killed")

    store.failing = break_down
    with pytest.raises(RuntimeError, match="was killed"):
        run(store)
    store.failing = lambda: None


@pytest.mark.parametrize("writes", [1, 2, 3, 5, 8, 10])
def test_a_stop_after_any_write_changes_nothing(writes: int, undisturbed: str) -> None:
    store = MemoryStore()
    store.add(spec_of())
    run_until_killed(store, writes)
    run(store)
    assert digest_of(store) == undisturbed


def test_a_report_is_recorded_before_its_cohort_has_come() -> None:
    store = MemoryStore()
    store.add(spec_of(cohort=4, budget={"trials": 4}))
    first = threading.Event()
    seen: list[int] = []

    def reported() -> int:
        return sum(bool(trial.reports) for trial in store.histories["job"].trials)

    def answer(task: LegTask) -> LegResult:
        if first.is_set():
            wait_until(lambda: reported() > 0, 10, "a report")
            seen.append(reported())
        first.set()
        return made_up(task)

    run(store, answer)
    assert seen[0] == 1


def test_how_often_reports_are_recorded_early_changes_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor one of the control group, which looks back at all its reports but the last."""

    def apart_at_the_end(task: LegTask) -> LegResult:
        ends = task.stop_step == task.total_steps
        value = 0.5 + 0.05 * task.trial if ends else 0.5
        epoch = task.stop_step / STEPS_PER_EPOCH
        return LegDone(LegReport(task.stop_step, epoch, value, 1, 1, 2.3, None, 0, False))

    found = []
    for interval in (math.inf, 0.0):
        monkeypatch.setattr(search_run, "EARLY_INTERVAL", interval)
        store = MemoryStore()
        control = {"name": "median", "control": 1.0}
        store.add(spec_of(rounds={"count": 1}, pruner=control, budget={"trials": 8}))
        run(store, apart_at_the_end)
        found.append(digest_of(store))
    assert found[0] == found[1]


def test_early_each_report_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_run, "EARLY_INTERVAL", 0.0)
    store = MemoryStore()
    store.add(spec_of(rounds={"count": 1}, pruner="none", budget={"trials": 8}))
    sizes: list[int] = []
    record = store.record

    def watched(job_id: str, reports: Mapping[int, Report], endings: Any, seconds: float) -> None:
        sizes.append(len(reports))
        record(job_id, reports, endings, seconds)

    monkeypatch.setattr(store, "record", watched)
    run(store, lambda task: made_up(replace(task, training=TRAINS)))
    assert sizes == 4 * [*7 * [1], 8]  # then all of them, with the decision


@pytest.mark.parametrize("writes", range(3, 14))
def test_a_stop_between_the_reports_of_a_cohort_changes_nothing(
    writes: int, undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_run, "EARLY_INTERVAL", 0.0)
    store = MemoryStore()
    store.add(spec_of())
    run_until_killed(store, writes)
    run(store, seed=1)
    assert digest_of(store) == undisturbed


def test_weights_lost_by_a_stop_are_trained_again_without_a_second_decision() -> None:
    store = MemoryStore()
    store.add(spec_of(pruner="none", budget={"trials": 2}, cohort=2, rounds={"count": 1}))
    left = 5  # it starts, opens a cohort, records one report, then both, and no second

    def break_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise RuntimeError("the server was killed")

    store.failing = break_down
    with pytest.raises(RuntimeError):
        run(store)
    store.failing = lambda: None
    before = store.histories["job"]
    reported = [trial for trial in before.trials if trial.state is TrialState.RUNNING]
    assert all(len(trial.reports) == 1 for trial in reported)
    engine = run(store)
    first_steps = {task.stop_step for task in engine.tasks[: len(reported)]}
    assert first_steps == {min(task.stop_step for task in engine.tasks)}


def test_the_database_may_go_away_and_come_back(
    monkeypatch: pytest.MonkeyPatch, undisturbed: str
) -> None:
    monkeypatch.setattr(run_control, "RETRY_INTERVAL", 0.01)
    store = MemoryStore()
    store.add(spec_of())
    calls = 0

    def flaky() -> None:
        nonlocal calls
        calls += 1
        if calls % 3:
            raise DatabaseUnavailable("the database restarts")

    store.failing = flaky
    run(store)
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
