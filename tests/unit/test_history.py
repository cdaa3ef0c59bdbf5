"""Histories compare by value on every Python, NaN included."""

import math

import pytest

from hpsearch.history import Ending, History, Origin, Outcome, Report, Trial


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
