"""Histories: their transitions, and that they compare by value on every Python, NaN included."""

import math

import pytest

from hpsearch.history import Cohort, DataHashes, History, Round
from hpsearch.scores import UNKNOWN, Scores
from hpsearch.spec.objective import Objective
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial, TrialState


def _nan() -> float:
    """A NaN of its own: equal to no other by identity."""
    return float("nan")


def _diverged(loss: float) -> Trial:
    origin = Origin("sampler", "tpe", 1, 0)
    ending = Ending(Outcome.DIVERGED, "loss is not finite", 17, _nan())
    return Trial(0, 0, 0, {"learning_rate": 1.0}, origin, (Report(17, 0.17, _nan(), loss),), ending)


def test_two_histories_that_diverged_alike_are_equal() -> None:
    assert History((_diverged(_nan()),)) == History((_diverged(_nan()),))
    assert History((_diverged(_nan()),)) != History((_diverged(2.3),))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (Report(1, 0.1, math.nan, math.nan), Report(1, 0.1, _nan(), -math.nan), True),
        (Report(1, 0.1, math.nan, 1.0), Report(1, 0.1, 1.0, 1.0), False),
        (Report(1, 0.1, 0.5, 1.0), Report(1, 0.1, 0.5, math.nextafter(1.0, 2)), False),
        (Report(1, 0.1, 0.5, 1.0), Ending(Outcome.COMPLETED, "", 1, 0.5), False),
        (Ending(Outcome.STUCK, "", 1, math.nan), Ending(Outcome.STUCK, "", 1, _nan()), True),
        (Ending(Outcome.STUCK, "", 1, None), Ending(Outcome.STUCK, "", 1, _nan()), False),
    ],
)
def test_equal_values_are_equal_and_hash_alike(one: object, other: object, equal: bool) -> None:
    assert (one == other) is equal
    assert (hash(one) == hash(other)) is equal
    assert one != "something else"


ORIGIN = Origin("sampler", "qmc", 1, 0)
ROUND = Round(0, {}, {}, (), "the whole box", 1.0, (0.4, 1.0))
REPORT = Report(40, 0.4, 0.5, 1.0)
DONE = Ending(Outcome.COMPLETED, "completed")


def cohort(index: int, first: int, opens: bool = False, taken: int = 0) -> Cohort:
    trials = tuple(Trial(first + i, 0, index, {}, ORIGIN) for i in range(2))
    return Cohort(index, ROUND, trials, opens, taken)


def test_a_cohort_brings_its_trials_its_round_and_takes_up_what_was_enqueued() -> None:
    history = History(enqueued=({"a": 1}, {"a": 2})).opened(cohort(0, 0, opens=True, taken=1))
    assert [trial.number for trial in history.trials] == [0, 1]
    assert history.rounds == (ROUND,)
    assert history.enqueued == ({"a": 2},)
    assert history.opened(cohort(1, 2)).rounds == (ROUND,)


def test_what_is_recorded_stands() -> None:
    opened = History().opened(cohort(0, 0, opens=True))
    once = opened.recorded({0: REPORT}, {0: DONE})
    assert once.trials[0].reports == (REPORT,)
    assert once.trials[0].state is TrialState.COMPLETE
    assert once.trials[1] == opened.trials[1]
    again = once.recorded({0: Report(40, 0.4, 0.9, 0.1)}, {0: Ending(Outcome.CANCELLED, "late")})
    assert again == once


def test_what_a_trial_did_not_cause_is_no_evidence() -> None:
    not_caused = {o for o in Outcome if not o.caused_by_parameters}
    assert not_caused == {Outcome.WORKER_LOST, Outcome.CANCELLED, Outcome.CUT_SHORT}
    assert [o for o in Outcome if o.state is TrialState.FAIL] == [Outcome.WORKER_LOST]


def test_a_diverged_trial_counts_what_it_trained_and_no_more_than_the_point() -> None:
    assert Report.at(0.4, UNKNOWN, Objective.ACCURACY, None).epoch == 0.4
    assert Report.at(0.4, UNKNOWN, Objective.ACCURACY, 0.1).epoch == 0.1
    assert Report.at(0.4, UNKNOWN, Objective.ACCURACY, 0.41).epoch == 0.4


def test_a_report_has_every_score_and_is_compared_by_the_objective() -> None:
    scores = Scores(accuracy=0.9, loss=0.3, balanced_accuracy=0.8, macro_f1=0.7)
    report = Report.at(0.4, scores, Objective.MACRO_F1, None)
    assert report == Report(40, 0.4, 0.7, 0.3, 0.9, 0.8, 0.7)
    values = [Report.at(0.4, scores, objective, None).value for objective in Objective]
    assert values == [0.9, 0.8, 0.7, 0.3]


def test_the_same_data_is_equal_whatever_was_recorded_of_it_beside_its_hashes() -> None:
    assert DataHashes("a", "b") == DataHashes("a", "b", "c")
    assert DataHashes("a", "b") != DataHashes("a", "c")
