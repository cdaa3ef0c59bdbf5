"""The plan's rules, held over made-up searches."""

import math
from collections.abc import Mapping
from dataclasses import replace
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpsearch.baseline import Baseline
from hpsearch.history import Cohort, Done, History, Wait
from hpsearch.search.curves import curves
from hpsearch.search.plan import plan
from hpsearch.search.ranges import within
from hpsearch.search.scale import fits
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.space import Value, as_number
from hpsearch.trial import Ending, Outcome, Trial
from tests.made_up_trainers import Score, Simulation, Trainer, diverged, learned, lost, valley
from tests.unit.search.plans import BASELINE, searched, spec_of

SPACE = {
    "learning_rate": {"low": 1e-3, "high": 1e3, "log": True},
    "weight_decay": {"low": 1e-3, "high": 1e3, "log": True},
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": ["momentum"]}},
    "batch_size": {"type": "int", "low": 20, "high": 200, "step": 20},
    "hidden_units": {"type": "int", "low": 10, "high": 500, "log": True},
}


budgets = st.fixed_dictionaries(
    {},
    optional={
        "trials": st.integers(1, 40),
        "epochs": st.floats(0.5, 12),
        "target": st.floats(0.3, 1.0),
        "patience": st.integers(1, 30),
    },
).filter(lambda budget: "trials" in budget or "epochs" in budget)

specs = st.builds(
    spec_of,
    space=st.just(SPACE),
    budget=budgets,
    cohort=st.integers(3, 12),
    seed=st.integers(0, 5),
    epochs=st.sampled_from([0.5, 3.0, 20.0]),
    sampler=st.sampled_from(["tpe", "random", "qmc"]),
    pruner=st.sampled_from(["none", "median", "successive_halving", "hyperband"]),
    rounds=st.builds(
        lambda count, explore, keep: {"count": count, "explore": explore, "keep": keep},
        st.integers(1, 5),
        st.floats(0, 1),
        st.floats(0.05, 1),
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=specs, orders=st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_rules(spec: SearchSpec, orders: tuple[int, int]) -> None:
    """Never outside the box, budget exact, ends, and the same whoever finishes first."""
    simulation = searched(spec, orders[0])
    history = simulation.history

    for trial in history.trials:
        assert fits(spec.space, trial.params)
        assert trial.ending is not None
    for each in history.rounds:
        assert within(spec.space, each.ranges)
        assert each.reason
    if spec.budget.trials is not None:
        assert len(history.trials) <= spec.budget.trials
    if spec.budget.epochs is not None:
        assert simulation.epochs() <= spec.budget.epochs + 1e-6
    if simulation.run() == Done("budget: trials"):
        assert len(history.trials) == spec.budget.trials
    assert simulation.most_in_flight <= 2

    assert searched(spec, orders[1]).history == history


@settings(max_examples=8)
@given(steps=st.integers(0, 30), order=st.integers(0, 9))
def test_a_search_goes_on_after_a_stop(steps: int, order: int) -> None:
    """Only what is recorded counts: cohorts in flight are trained again from their start."""
    whole = searched(spec_of())
    stopped = Simulation(spec_of(), valley, order)
    stopped.run(steps)
    kept = replace(
        stopped.history,
        trials=tuple(
            trial if trial.ending is not None else replace(trial, reports=())
            for trial in stopped.history.trials
        ),
    )
    resumed = Simulation(spec_of(), valley, order + 1, kept)
    resumed.take_up()
    resumed.run()
    assert resumed.history == whole.history


def test_finds_the_good_region() -> None:
    values = [searched(spec_of(seed=seed)).best().value or 0 for seed in range(5)]
    assert sorted(values)[2] > 0.9


def test_waits_while_two_cohorts_are_in_flight() -> None:
    spec = spec_of()
    first = plan(spec, History())
    assert isinstance(first, Cohort)
    history = History(trials=first.trials, rounds=(first.round,))
    second = plan(spec, history)
    assert isinstance(second, Cohort)
    history = replace(history, trials=(*first.trials, *second.trials))
    assert isinstance(plan(spec, history), Wait)


def test_a_round_opens_when_all_before_it_have_finished() -> None:
    history = searched(spec_of()).history
    for each in history.rounds[1:]:
        begin = next(trial for trial in history.trials if trial.round == each.index)
        assert begin.origin.known == begin.number


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ({"trials": 30}, "budget: trials"),
        ({"epochs": 12}, "budget: epochs"),
        ({"trials": 60, "target": 0.5}, "target reached"),
        ({"trials": 60, "patience": 9}, "no improvement"),
    ],
)
def test_ends_with_a_reason(budget: dict[str, Any], reason: str) -> None:
    simulation = Simulation(spec_of(budget=budget), valley)
    assert simulation.run() == Done(reason)


def test_seconds_end_a_search_at_once() -> None:
    spec = spec_of(budget={"seconds": 10})
    simulation = Simulation(spec, valley)
    simulation.run(3)
    assert plan(spec, replace(simulation.history, seconds=9.9)) != Done("budget: seconds")
    assert plan(spec, replace(simulation.history, seconds=10.0)) == Done("budget: seconds")


def test_an_end_without_a_complete_trial_says_so() -> None:
    spec = spec_of(budget={"seconds": 3})
    first = plan(spec, History())
    assert isinstance(first, Cohort)
    ended = plan(spec, replace(History().opened(first), seconds=3.0))
    assert ended == Done("budget: seconds; no trial was trained to its end")


def test_trials_cut_short_are_neither_failures_nor_evidence() -> None:
    spec = spec_of(budget={"trials": 60, "failures": 1, "patience": 9}, sampler="random")
    history = searched(spec_of(budget={"trials": 8}, sampler="random")).history
    cut = tuple(
        replace(t, ending=Ending(Outcome.CUT_SHORT, "budget: seconds")) for t in history.trials
    )
    planned = plan(spec, replace(history, trials=cut))
    assert isinstance(planned, Cohort)
    assert not curves(cut, spec.objective)


def test_seconds_bring_the_rounds_on_where_nothing_else_does() -> None:
    spec = spec_of(budget={"seconds": 10})
    simulation = Simulation(spec, valley)
    simulation.run(5)
    while isinstance(planned := plan(spec, replace(simulation.history, seconds=9.0)), Wait):
        simulation.run(1)
    assert isinstance(planned, Cohort)
    assert planned.round.index == 1


def test_too_many_failures() -> None:
    spec = spec_of(budget={"trials": 40, "failures": 2})
    history = searched(spec).history
    trials = tuple(lost(t) if t.number in (3, 4) else t for t in history.trials[:16])
    assert plan(spec, replace(history, trials=trials)) == Done("too many failures", failed=True)


def test_failures_count_as_trials_and_teach_nothing() -> None:
    """What was lost with its worker is as if it had never been, but for its number."""
    spec = spec_of(sampler="random")
    history = searched(spec).history
    first = history.trials[:16]
    best = max(first, key=lambda trial: trial.value or 0)
    kept = tuple(lost(trial) if trial is best else trial for trial in first)
    planned = plan(spec, replace(history, trials=kept, rounds=history.rounds[:1]))
    assert isinstance(planned, Cohort)
    assert planned.opens
    assert best.number not in planned.round.evidence


def test_enqueued_trials_come_first_and_count() -> None:
    wanted = ({"learning_rate": 0.2, "weight_decay": 0.001}, {"learning_rate": 5000.0})
    spec = spec_of(budget={"trials": 10}, cohort=4)
    simulation = searched_with(spec, History(enqueued=wanted, baseline=BASELINE))
    trials = simulation.history.trials
    assert len(trials) == 10
    assert [trial.params for trial in trials[:2]] == [wanted[0], {**wanted[1], **rest(trials[1])}]
    assert [trial.origin.source for trial in trials[:3]] == ["enqueued", "enqueued", "sampler"]
    assert simulation.history.enqueued == ()


def rest(trial: Trial) -> dict[str, Any]:
    return {"weight_decay": trial.params["weight_decay"]}


def searched_with(spec: SearchSpec, history: History) -> Simulation:
    return searched(spec, 0, history)


def test_a_larger_budget_on_the_same_history_goes_on() -> None:
    short = searched(spec_of(budget={"trials": 20}))
    longer = spec_of(budget={"trials": 50})
    assert isinstance(plan(longer, short.history), Cohort)
    extended = searched(longer, 0, short.history)
    assert len(extended.history.trials) == 50
    assert extended.history.trials[:20] == short.history.trials
    indices = [trial.round for trial in extended.history.trials]
    assert indices == sorted(indices)


def test_where_everything_diverges_the_whole_box_stays() -> None:
    spec = spec_of()
    simulation = Simulation(spec, lambda _params, _number, epoch: diverged(epoch))
    assert simulation.run() == Done("budget: trials; no trial was trained to its end")
    assert all(each.ranges == spec.space for each in simulation.history.rounds)
    assert all(
        trial.ending and trial.ending.outcome is Outcome.DIVERGED
        for trial in simulation.history.trials
    )


def test_everything_at_chance_is_no_evidence() -> None:
    spec = spec_of()
    simulation = Simulation(spec, lambda _params, _number, _epoch: Score(0.1, 2.3, 2.3, 2.3))
    simulation.run()
    assert all(each.ranges == spec.space for each in simulation.history.rounds)


def learning_up_to(ceiling: float, baseline: Baseline) -> Trainer:
    """From chance up to `ceiling` in the valley; with the luck that so many images give."""

    def train(params: Mapping[str, Value], number: int, epoch: float) -> Score:
        score = valley(params, number, epoch)
        if math.isnan(score.accuracy):
            return score
        chance = baseline.constant(Objective.ACCURACY)
        learned = (score.accuracy - 0.1) / 0.9
        return replace(score, accuracy=min(1.0, chance + (ceiling - chance) * learned))

    return train


@pytest.mark.parametrize(
    ("ceiling", "baseline"),
    [(0.72, Baseline((120, 120))), (0.72, Baseline((750, 750))), (0.998, Baseline((2000, 100)))],
)
def test_few_and_uneven_classes_narrow(ceiling: float, baseline: Baseline) -> None:
    """Chance is what the best constant answer scores: 1.5 times one in two is never reached."""
    spec = spec_of(seed=1)
    simulation = Simulation(
        spec, learning_up_to(ceiling, baseline), history=History(baseline=baseline)
    )
    simulation.run()
    assert len(simulation.history.rounds) == 3
    for each in simulation.history.rounds[1:]:
        assert each.evidence
        assert each.ranges != spec.space
    best = simulation.best()
    assert 0.02 < as_number(best.params["learning_rate"]) < 1.0
    assert (best.value or 0) > 0.95 * ceiling


def test_a_loss_is_made_small() -> None:
    """Its target is the largest loss that will do."""
    spec = spec_of(objective="loss", budget={"trials": 60, "target": 0.5}, seed=2)
    simulation = searched(spec)
    best = simulation.best()
    assert best.value is not None
    assert best.value == min(t.value for t in simulation.history.trials if t.value is not None)
    assert simulation.run() == Done("target reached")
    assert best.value <= 0.5
    assert "(loss " in simulation.history.rounds[1].reason
    cut = [t.ending for t in simulation.history.trials if t.ending and t.ending.bar is not None]
    assert any(ending.outcome is Outcome.PRUNED for ending in cut)
    assert all((ending.value or 0) > (ending.bar or 0) for ending in cut)


def decoy(params: Any, number: int, epoch: float) -> Score:
    """A hill of 0.6 at (1e-2, 1e2), and a peak of 1 at (30, 0.03) that fills a tenth of the box."""
    rate, decay = math.log10(params["learning_rate"]), math.log10(params["weight_decay"])
    hill = 0.6 * math.exp(-((rate + 2) ** 2 + (decay - 2) ** 2) / 4)
    peak = 1.0 * math.exp(-((rate - 1.5) ** 2 + (decay + 1.5) ** 2) / 2.5)
    accuracy = 0.1 + 0.88 * max(hill, peak) * (1 - math.exp(-1.5 * epoch))
    return Score(accuracy, 1 - accuracy, 2.3, 1.0)


def on_the_peak(explore: float) -> int:
    """In how many of five searches whose first round was misled the peak is found."""
    found = 0
    for seed in range(5):
        spec = spec_of(
            seed=seed,
            sampler="random",
            budget={"trials": 240},
            rounds={"explore": explore},
            cohort=16,
        )
        misled = Simulation(spec, hill_first)
        misled.run()
        found += (misled.best().value or 0) > 0.8
    return found


def hill_first(params: Any, number: int, epoch: float) -> Score:
    """The decoy surface, with a first round (of 96 trials) that sees nothing of the peak."""
    score = decoy(params, number, epoch)
    seen_early = params["learning_rate"] > 1 and number < 96
    return Score(0.1, 2.3, 2.3, 2.3) if seen_early else score


def test_a_wrong_first_round_is_recovered_from_by_exploring() -> None:
    assert on_the_peak(explore=0.1) >= 4
    assert on_the_peak(explore=0.0) == 0


@pytest.mark.slow
def test_planning_stays_cheap() -> None:
    """Ten thousand trials in well under a minute; with a sampler that costs nothing itself."""
    spec = spec_of(sampler="qmc", budget={"trials": 10_000}, cohort=100)
    began = process_time()
    simulation = searched(spec)
    assert len(simulation.history.trials) == 10_000
    assert process_time() - began < 60


def test_a_space_with_nothing_to_search_is_trained_once() -> None:
    spec = parse_spec({"dataset": "digits", "learning_rate": 0.1, "weight_decay": 0.0})
    simulation = Simulation(spec, lambda _params, number, epoch: learned(0.5, number, epoch))
    assert simulation.run() == Done("space exhausted")
    assert [trial.params for trial in simulation.history.trials] == [{}]
