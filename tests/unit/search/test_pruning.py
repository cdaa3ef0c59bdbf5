"""Who trains on, and why not: each ending can be computed again from what is stored."""

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from hpsearch.baseline import Baseline
from hpsearch.history import History
from hpsearch.search.plan import plan
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.trial import Ending, Outcome, Report, Trial
from tests.made_up_trainers import Simulation, valley

BASELINE = Baseline.balanced(10, 1500)


def spec_of(**changes: Any) -> SearchSpec:
    return parse_spec({"dataset": "digits", "network": "lenet5", **changes})


ONE_ROUND = {"rounds": {"count": 1}}
MEDIAN = {"pruner": "median", **ONE_ROUND}


def judged(
    spec: SearchSpec,
    values: Mapping[int, float],
    facts: Mapping[int, LegFacts] | None = None,
    step: int = 40,
    losses: Mapping[int, float] | None = None,
) -> Mapping[int, Ending]:
    """Endings of a first cohort with these accuracies; a loss of 2.3 is a guess's."""
    cohort = plan(spec, History())
    history = History(trials=cohort.trials, rounds=(cohort.round,), baseline=BASELINE)  # type: ignore[union-attr]  # a first plan is a cohort
    found = {**dict.fromkeys(values, 2.3), **(losses or {})}
    reports = {n: Report(step, step / 100, value, found[n]) for n, value in values.items()}
    given = {n: LegFacts(2.3, 1.0) for n in values}
    return decide(spec, history, 0, reports, {**given, **(facts or {})})


def test_the_weak_half_is_cut() -> None:
    values = {number: 0.2 + 0.1 * number for number in range(8)}
    endings = judged(spec_of(**MEDIAN), values, step=100)
    assert set(endings) == {0, 1, 2, 3}
    assert endings[3] == Ending(
        Outcome.PRUNED,
        "pruned at 1 epoch: accuracy 0.500 is below the median 0.600 of 7 trials",
        step=100,
        value=values[3],
        bar=values[4],
        compared=7,
    )


def test_the_end_of_the_round_completes() -> None:
    endings = judged(spec_of(), {number: 0.1 * number for number in range(8)})
    assert {ending.outcome for ending in endings.values()} == {Outcome.COMPLETED}
    assert endings[0].reason == "completed: 0.4 epochs"


def test_a_large_loss_is_cut() -> None:
    values = {number: 0.2 + 0.1 * number for number in range(8)}
    endings = judged(spec_of(objective="loss", **MEDIAN), values, step=100)
    assert set(endings) == {4, 5, 6, 7}
    assert endings[4].reason == (
        "pruned at 1 epoch: loss 0.600 is above the median 0.500 of 7 trials"
    )
    limited = spec_of(objective="loss", pruner={"name": "threshold", "upper": 0.55}, **ONE_ROUND)
    assert set(judged(limited, values, step=100)) == {4, 5, 6, 7}


def test_divergence_says_where() -> None:
    facts = {2: LegFacts(2.3, math.nan, 17)}
    endings = judged(spec_of(), {2: math.nan, 3: 0.5}, facts)
    assert endings[2] == Ending(Outcome.DIVERGED, "diverged at iteration 17", 40, iteration=17)


def test_at_chance_while_others_are_past_it() -> None:
    spec = spec_of(pruner={"name": "threshold", "lower": 0.0}, **ONE_ROUND)
    endings = judged(spec, {0: 0.12, 1: 0.4, 2: 0.5})
    assert set(endings) == {0}
    assert endings[0].outcome is Outcome.STUCK
    assert endings[0].reason == (
        "stuck at 0.4 epochs: accuracy 0.120 may be the luck of a guess (0.121); "
        "2 of 2 trials are better than that"
    )
    assert endings[0].bar == BASELINE.bar(spec.objective)
    assert not judged(spec, {0: 0.12, 1: 0.1205, 2: 0.5})


def test_a_loss_that_knows_of_the_images_is_not_at_chance() -> None:
    """As where classes are uneven: the answers are all the same yet, the probabilities not."""
    settings = {"pruner": {"name": "threshold", "lower": 0.0}, **ONE_ROUND}
    values, losses = {0: 0.12, 1: 0.4, 2: 0.5}, {0: 2.29}
    assert not judged(spec_of(**settings), values, losses=losses)
    assert set(judged(spec_of(rules=1, **settings), values, losses=losses)) == {0}
    assert set(judged(spec_of(**settings), values, losses={0: 2.3})) == {0}


def test_a_loss_above_its_start_after_half_an_epoch() -> None:
    spec = spec_of(pruner={"name": "threshold", "lower": 0.0}, **ONE_ROUND)
    worse = {0: LegFacts(2.3, 2.5)}
    assert not judged(spec, {0: 0.3}, worse, step=40)
    endings = judged(spec, {0: 0.3}, worse, step=100)
    assert endings[0].outcome is Outcome.STUCK
    assert endings[0].reason == "stuck at 1 epoch: training loss 2.500 is above its start 2.300"


def test_without_a_pruner_only_divergence_cuts() -> None:
    spec = spec_of(pruner="none", **ONE_ROUND)
    values = {0: 0.1, 1: 0.9, 2: 0.9, 3: math.nan}
    endings = judged(spec, values, {0: LegFacts(2.3, 9.9)}, step=100)
    assert set(endings) == {3}


def test_what_is_in_flight_beside_is_not_compared() -> None:
    """A decision about one cohort is the same wherever the cohort before it has got to."""
    simulation = Simulation(spec_of(pruner={"name": "median", "warm_up": 0}, **ONE_ROUND), valley)
    simulation.run()
    trials = simulation.history.trials
    mates = [t for t in trials if t.cohort == 2]
    reports = {t.number: t.reports[0] for t in mates if t.reports[0].step == 40}
    facts = {number: LegFacts(2.3, 1.0) for number in reports}
    bare = [replace(t, reports=(), ending=None) if t.cohort == 2 else t for t in trials[:24]]
    silent = [replace(t, reports=(), ending=None) if t.cohort == 1 else t for t in bare]
    endings = [
        decide(simulation.spec, replace(simulation.history, trials=tuple(each)), 2, reports, facts)
        for each in (bare, silent)
    ]
    assert endings[0] == endings[1]
    assert endings[0]


@pytest.mark.parametrize("pruner", ["median", "percentile"])
def test_decisions_can_be_recomputed_from_what_is_stored(pruner: str) -> None:
    """With nothing but the stored trials: the value, the bar, and how many were compared."""
    spec = spec_of(pruner={"name": pruner, "percentile": 50}, budget={"trials": 80})
    simulation = Simulation(spec, valley)
    simulation.run()
    history = simulation.history
    cut = 0
    for trial in history.trials:
        for position, report in enumerate(trial.reports[:-1]):
            if report.step < 100:
                continue  # a third of the training is left alone
            bar, _ = stored_bar(history, trial, report.step)
            best = max(each.value for each in trial.reports[: position + 1])
            assert bar is None or best >= bar
        ending = trial.ending
        assert ending is not None
        if ending.outcome is Outcome.PRUNED:
            cut += 1
            bar, compared = stored_bar(history, trial, trial.reports[-1].step)
            assert ending.bar == pytest.approx(bar)
            assert ending.compared == compared
            assert ending.value == max(report.value for report in trial.reports)
            assert ending.value < ending.bar  # type: ignore[operator]  # both are there
    assert cut > 10


def stored_bar(history: History, trial: Trial, step: int) -> tuple[float | None, int]:
    """The median at `step` of the trials that this one was compared with, and their number."""
    there = [
        report.value
        for other in history.trials
        if other.round == trial.round
        and other.number != trial.number
        and (other.number < trial.origin.known or other.cohort == trial.cohort)
        for report in other.reports
        if report.step == step and math.isfinite(report.value)
    ]
    return (median(there), len(there)) if len(there) >= 5 else (None, len(there))
