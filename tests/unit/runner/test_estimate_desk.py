"""Estimates: nobody waits for them, and what was timed is not timed again."""

import time
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from hpsearch.datasets.source import Fetching
from hpsearch.datasets.values import Dataset
from hpsearch.errors import (
    DatasetError,
    EngineUnavailable,
    EstimateNotFound,
    InvalidSpec,
    LegTooLarge,
)
from hpsearch.estimate import Estimate
from hpsearch.runner import estimate_desk
from hpsearch.runner.estimate_desk import EstimateDesk, Pending
from hpsearch.training.timing import Probe, Timing
from tests.fakes import InlineEngine, MemorySource
from tests.unit.runner.made_up_job import made_up, spec_of

TIMING = Timing(step=0.01, score=0.001)


class Slow(InlineEngine):
    """Workers that are asked for timings, and answer when the test says so."""

    def __init__(self) -> None:
        super().__init__(made_up)
        self.asked: dict[Probe, Future[Timing]] = {}

    def time(self, probe: Probe) -> Future[Timing]:
        assert probe not in self.asked, "it was asked for before"
        self.asked[probe] = Future()
        return self.asked[probe]

    def answer(self, timing: Timing | BaseException = TIMING) -> None:
        for future in self.asked.values():
            if future.done():
                continue
            if isinstance(timing, Timing):
                future.set_result(timing)
            else:
                future.set_exception(timing)


def desk(engine: InlineEngine | None, memory: int | None = None) -> EstimateDesk:
    return EstimateDesk(MemorySource(), lambda: engine, memory)


def pending(answer: Estimate | Pending) -> Pending:
    assert isinstance(answer, Pending)
    return answer


def there(answer: Estimate | Pending) -> Estimate:
    assert isinstance(answer, Estimate)
    return answer


def test_it_waits_for_the_workers_and_is_there_when_they_have_timed() -> None:
    engine = Slow()
    estimates = desk(engine)
    asked = pending(estimates.ask(spec_of()))
    assert asked.waits_for == "its timing on a worker"
    assert pending(estimates.look(asked.id)) == asked
    engine.answer()
    found = there(estimates.look(asked.id))
    assert found.trials == 20
    assert estimates.look(asked.id) is found


def test_what_was_timed_is_not_timed_again() -> None:
    engine = Slow()
    estimates = desk(engine)
    first, second = pending(estimates.ask(spec_of())), pending(estimates.ask(spec_of(seed=4)))
    assert len(engine.asked) == 1
    engine.answer()
    assert there(estimates.look(first.id)).trials == there(estimates.look(second.id)).trials
    there(estimates.ask(spec_of(seed=5)))
    assert len(engine.asked) == 1


def test_without_workers_it_waits_for_one_but_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estimates = desk(None)
    asked = pending(estimates.ask(spec_of()))
    assert asked.waits_for == "a worker"
    monkeypatch.setattr(estimate_desk, "PATIENCE", 0.0)
    with pytest.raises(EngineUnavailable, match="waited for 0 seconds for a worker"):
        estimates.look(asked.id)


def test_a_network_that_no_worker_can_hold_is_told() -> None:
    engine = Slow()
    estimates = desk(engine)
    asked = pending(estimates.ask(spec_of()))
    engine.answer(LegTooLarge("mlp", 10, 2**40, 2**30))
    for _ in range(2):
        with pytest.raises(LegTooLarge):
            estimates.look(asked.id)


def test_what_cannot_run_is_refused_at_once() -> None:
    with pytest.raises(InvalidSpec, match="training mlp"):
        desk(Slow(), memory=2**10).ask(spec_of())
    with pytest.raises(EstimateNotFound):
        desk(Slow()).look("absent")


def test_it_waits_for_its_data_set_and_says_why_it_will_not_come() -> None:
    class Away(MemorySource):
        problem: str | None = None

        def ensure(self, name: str) -> Fetching | None:
            return SimpleNamespace(problem=self.problem)

        def load(self, name: str) -> Dataset:
            raise DatasetError(self.problem or "it would wait")

    source = Away()
    estimates = EstimateDesk(source, Slow, None)
    asked = pending(estimates.ask(spec_of()))
    assert asked.waits_for == "fetching small"
    source.problem = "small could not be downloaded; add it from a file"
    with pytest.raises(DatasetError, match="add it from a file"):
        estimates.look(asked.id)


def test_only_the_last_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_desk, "KEPT", 2)
    estimates = desk(None)
    ids = [pending(estimates.ask(spec_of(seed=seed))).id for seed in range(3)]
    with pytest.raises(EstimateNotFound):
        estimates.look(ids[0])
    pending(estimates.look(ids[2]))


def estimated(**fields: object) -> Estimate:
    engine = Slow()
    estimates = desk(engine)
    asked = pending(estimates.ask(spec_of(**fields)))
    engine.answer()
    return there(estimates.look(asked.id))


@pytest.mark.parametrize(
    "budget", [{"trials": 100_000}, {"seconds": 3600}, {"epochs": 1e9}, {"seconds": 1e8}]
)
def test_a_long_search_is_estimated_as_soon_as_a_short_one(budget: dict[str, float]) -> None:
    began = time.process_time()
    estimated(budget=budget, sampler="tpe", cohort=1000)
    assert time.process_time() - began < 5  # about a tenth of it on an idle machine


def test_what_is_asked_is_said_however_long_it_is() -> None:
    assert estimated(budget={"trials": 10_000}).trials == 10_000
    short = estimated(budget={"trials": 300})
    long = estimated(budget={"trials": 3000})
    assert long.seconds == pytest.approx(10 * short.seconds, rel=0.3)


def test_the_seconds_of_the_budget_bound_the_trials() -> None:
    found = estimated(budget={"seconds": 60}, confirm=None)
    assert found.seconds == pytest.approx(60)
    whole = estimated(budget={"trials": found.trials}, confirm=None)
    assert whole.seconds == pytest.approx(60, rel=0.3)
    assert whole.epochs == pytest.approx(found.epochs, rel=0.3)


def test_epochs_bound_them_too() -> None:
    found = estimated(budget={"epochs": 10_000})
    assert found.epochs == pytest.approx(10_000, rel=0.01)


def test_its_memory_is_that_of_the_largest_network_of_the_space() -> None:
    space = {"hidden_units": {"type": "int", "low": 8, "high": 2000, "log": True}}
    searched = estimated(space=space).memory_bytes
    largest = estimated(network={"architecture": "mlp", "hidden_units": 2000}).memory_bytes
    assert searched == largest
