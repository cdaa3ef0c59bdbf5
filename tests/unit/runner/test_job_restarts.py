"""A job that is stopped at any write, or loses its database, ends as if nothing had happened."""

import pytest

from hpsearch.errors import DatabaseUnavailable
from hpsearch.runner import run_control, search_run
from hpsearch.trial import TrialState
from tests.fakes import MemoryStore
from tests.unit.runner.made_up_job import digest_of, run, spec_of


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
    run_until_killed(store, 5)  # it starts, opens a cohort, records one report, then both
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
