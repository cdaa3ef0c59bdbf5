"""Axes and colours of the pictures."""

import pytest

from hpsearch.drawing.scales import Axis, axis_of, colour, written
from hpsearch.spec.space import CategoricalParameter, FloatParameter


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    axis = axis_of("rate", FloatParameter(low=1e-3, high=1e3, log=True), 0, 600)
    assert [tick.text for tick in axis.ticks] == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]
    assert axis.at(1.0) == 300
    assert axis.at(-1.0) is None


def test_a_value_outside_stays_on_the_axis() -> None:
    assert Axis("x", 0, 1, 0, 100).at(7) == 100
    assert Axis("x", 2, 2, 0, 100).at(2) == 50


def test_choices_lie_in_the_middle_of_their_parts() -> None:
    axis = axis_of("kind", CategoricalParameter(choices=["a", None]), 0, 100)
    assert (axis.at("a"), axis.at(None), axis.at("b")) == (25, 75, None)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 17.0), (0.99, 0.991), (5.0, 5.0)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    ticks = Axis("x", low, high, 0, 100).ticks
    assert 1 <= len(ticks) <= 8
    assert all(0 <= tick.at <= 100 for tick in ticks)


def test_colours_go_from_dark_to_light() -> None:
    light = [sum(bytes.fromhex(colour(share / 10)[1:])) for share in range(11)]
    assert light == sorted(light)
    assert colour(-1) == colour(0)


def test_numbers_are_short() -> None:
    assert [written(value) for value in (0.1, 1e-6, 2.5e7, 0)] == ["0.1", "1e-6", "2.5e7", "0"]
