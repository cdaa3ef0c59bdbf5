"""Values that may be a guess's luck rank by their loss, below all others."""

import math

import pytest

from hpsearch.baseline import Baseline
from hpsearch.search.curves import Curve, by_loss, curve, loss_of, ranked
from hpsearch.search.ranges import Measure
from hpsearch.spec.objective import Objective
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial

UNEVEN = Baseline((803, 197))


def trial(number: int, accuracy: float, loss: float) -> Trial:
    ending = Ending(Outcome.COMPLETED, "completed", 40)
    reports = (Report(40, 0.4, accuracy, loss),)
    return Trial(number, 0, 0, {}, Origin("sampler", "qmc", 0, 0), reports, ending)


def found(trial: Trial, objective: Objective = Objective.ACCURACY) -> Curve:
    known = curve(trial, objective, UNEVEN)
    assert known is not None
    return known


def test_a_smaller_loss_is_better_where_answers_are_a_guess() -> None:
    trials = [trial(0, 0.803, 0.6), trial(1, 0.80, 0.41), trial(2, 0.9, 0.5), trial(3, 0.803, 0.5)]
    assert [each.number for each in ranked(map(found, trials), 40)] == [2, 1, 3, 0]


def test_without_a_baseline_and_for_a_loss_values_stand() -> None:
    known = curve(trial(0, 0.803, 0.6), Objective.ACCURACY)
    assert known is not None
    assert known.values == {40: 0.803}
    assert found(trial(0, 0.6, 0.6), Objective.LOSS).values == {40: -0.6}


@pytest.mark.parametrize("loss", [0.0, 0.5, 2.3, 1e9])
def test_the_loss_can_be_had_back(loss: float) -> None:
    assert -1 <= by_loss(loss) <= 0
    assert loss_of(by_loss(loss)) == pytest.approx(loss, rel=1e-6)


def test_an_infinite_loss_is_the_worst() -> None:
    assert by_loss(math.inf) == by_loss(math.nan) == -1
    assert loss_of(-1) == math.inf


def test_past_chance_by_accuracy_or_by_loss() -> None:
    measure = Measure(Objective.ACCURACY, UNEVEN)
    assert measure.past_chance(0.9)
    assert measure.past_chance(by_loss(0.4))
    assert not measure.past_chance(by_loss(0.5))
    assert not measure.past_chance(0.0)  # an accuracy: earlier rules rank by it alone
    assert measure.words(by_loss(0.45), by_loss(0.4)) == "loss 0.450 to 0.400"
