"""A space with fewer points than the budget pays for: each once, to the end, then it is over."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from hpsearch.history import Cohort, Done, History
from hpsearch.search.exhaustion import trains_every_point
from hpsearch.search.plan import plan
from hpsearch.search.points import count, key_of
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.trial import Ending, Outcome
from tests.made_up_trainers import Simulation, learned, lost

THREE = {"batch_size": {"choices": [10, 20, 50]}}
SEVEN = {
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "momentum": {"low": 0.5, "high": 0.9, "step": 0.1, "when": {"optimizer": ["momentum"]}},
}


def spec_of(space: dict[str, Any], **changes: Any) -> SearchSpec:
    fixed = {"learning_rate": 0.1, "weight_decay": 0.0}
    return parse_spec({"dataset": "digits", "space": space, **fixed, **changes})


def searched(spec: SearchSpec, order: int = 0, history: History | None = None) -> Simulation:
    simulation = Simulation(
        spec,
        lambda params, number, epoch: learned(0.1 + 0.1 * (number % 7), number, epoch),
        order,
        history or History(),
    )
    simulation.run()
    return simulation


@pytest.mark.parametrize("space", [THREE, SEVEN])
@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_each_point_is_trained_once_and_to_the_end(space: dict[str, Any], sampler: str) -> None:
    spec = spec_of(space, sampler=sampler, cohort=2)
    simulation = searched(spec)
    trials = simulation.history.trials
    assert simulation.run() == Done("space exhausted")
    assert len(trials) == len({key_of(trial.params) for trial in trials}) == count(spec.space)
    assert {trial.epochs for trial in trials} == {3.0}
    assert "points is trained once, to the end" in simulation.history.rounds[0].reason
    assert searched(spec, order=5).history == simulation.history


def test_what_was_lost_is_trained_again() -> None:
    history = searched(spec_of(THREE)).history
    cut = Ending(Outcome.CUT_SHORT, "budget: seconds")
    first, second, third = history.trials
    trials = (lost(first), replace(second, ending=cut), third)
    planned = plan(spec_of(THREE), replace(history, trials=trials))
    assert isinstance(planned, Cohort)
    assert {key_of(trial.params) for trial in planned.trials} == {
        key_of(first.params),
        key_of(second.params),
    }


def test_what_the_user_enqueued_is_tried_also_if_it_was_before() -> None:
    history = searched(spec_of(THREE)).history
    again = replace(history, enqueued=({"batch_size": 20},))
    planned = plan(spec_of(THREE), again)
    assert isinstance(planned, Cohort)
    assert [dict(trial.params) for trial in planned.trials] == [{"batch_size": 20}]
    assert plan(spec_of(THREE), again.opened(planned)) != Done("space exhausted")


def test_a_budget_below_the_number_of_points_searches_as_ever() -> None:
    assert trains_every_point(spec_of(SEVEN, budget={"trials": 7}))
    assert not trains_every_point(spec_of(SEVEN, budget={"trials": 6}))
    assert trains_every_point(spec_of(SEVEN, budget={"epochs": 21}))
    assert not trains_every_point(spec_of(SEVEN, budget={"epochs": 20}))
    assert trains_every_point(spec_of(SEVEN, budget={"seconds": 60}))
    spec = spec_of(SEVEN, budget={"trials": 6}, cohort=2)
    assert searched(spec).run() == Done("budget: trials")


def test_a_raised_budget_trains_the_rest_and_what_was_cut() -> None:
    """What was short or pruned while the budget did not pay for all gets its full training."""
    short = searched(spec_of(SEVEN, budget={"trials": 6}, cohort=3))
    longer = spec_of(SEVEN, budget={"trials": 40}, cohort=3)
    simulation = searched(longer, history=short.history)
    assert simulation.run() == Done("space exhausted")
    complete = Counter(
        key_of(trial.params)
        for trial in simulation.history.trials
        if trial.ending and trial.ending.outcome is Outcome.COMPLETED and trial.epochs == 3.0
    )
    assert len(complete) == 7
    assert set(complete.values()) == {1}


def test_a_larger_space_is_exhausted_too_when_each_point_had_its_chance() -> None:
    """With seconds alone, 45 points are searched with rounds and a pruner, and none twice."""
    space = {"batch_size": {"type": "int", "low": 10, "high": 450, "step": 10}}
    simulation = searched(spec_of(space, budget={"seconds": 1e6}))
    assert simulation.run() == Done("space exhausted")
    full = Counter(
        key_of(trial.params)
        for trial in simulation.history.trials
        if simulation.history.rounds[trial.round].epochs == 3.0
    )
    assert len(full) == 45
    assert set(full.values()) == {1}
