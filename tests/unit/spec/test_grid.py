"""Steps are decimal: every value is what a person would write, and the last that fits is there."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.spec.bounds import STORED
from hpsearch.spec.grid import Grid
from hpsearch.spec.space import FloatParameter, IntParameter


def values(parameter: FloatParameter | IntParameter) -> list[float]:
    grid = parameter.grid()
    assert grid is not None
    return [grid.value(index) for index in range(grid.last + 1)]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (FloatParameter(low=0.1, high=0.3, step=0.1), [0.1, 0.2, 0.3]),
        (FloatParameter(low=0.1, high=0.7, step=0.2), [0.1, 0.3, 0.5, 0.7]),
        (FloatParameter(low=0, high=1, step=0.3), [0.0, 0.3, 0.6, 0.9]),
        (FloatParameter(low=-0.2, high=0.1, step=0.1), [-0.2, -0.1, 0.0, 0.1]),
        (FloatParameter(low=1e-5, high=3e-5, step=1e-5), [1e-5, 2e-5, 3e-5]),
        (FloatParameter(low=0.5, high=0.5, step=0.1), [0.5]),
        (IntParameter(low=10, high=105, step=20), [10, 30, 50, 70, 90]),
        (IntParameter(low=3, high=3), [3]),
    ],
)
def test_values(parameter: FloatParameter | IntParameter, expected: list[float]) -> None:
    assert values(parameter) == expected
    assert {type(value) for value in values(parameter)} == {type(expected[0])}


@given(
    low=st.integers(-1000, 1000), steps=st.integers(0, 300), step=st.integers(1, 500),
    digits=st.integers(0, 9),
)  # fmt: skip
def test_the_end_is_reached_if_whole_steps_lead_there(
    low: int, steps: int, step: int, digits: int
) -> None:
    unit = Decimal(1).scaleb(-digits)
    high = float((low + steps * step) * unit)
    parameter = FloatParameter(low=float(low * unit), high=high, step=float(step * unit))
    grid = parameter.grid()
    assert grid is not None
    assert (grid.last, grid.value(grid.last)) == (steps, high)
    for index in (0, steps // 2, steps):
        value = grid.value(index)
        assert value == float((low + index * step) * unit)
        assert grid.holds(value)
        assert grid.snapped(value) == value


def test_ints_and_floats_of_the_same_numbers_have_grids_of_their_own() -> None:
    """1 and 1.0 are equal keys of a cache."""
    assert repr(values(IntParameter(low=1, high=2))) == "[1, 2]"
    assert repr(values(FloatParameter(low=1, high=2, step=1))) == "[1.0, 2.0]"


def test_values_between_steps_and_beyond_the_ends_are_not_on_the_grid() -> None:
    grid = FloatParameter(low=0.1, high=0.35, step=0.1).grid()
    assert isinstance(grid, Grid)
    assert [grid.holds(value) for value in (0.1, 0.30000000000000004, 0.25, 0.0, 0.4)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [grid.snapped(value) for value in (-5.0, 0.14, 0.16, 9.0)] == [0.1, 0.1, 0.2, 0.3]


def test_a_stored_step_too_fine_to_count_is_none() -> None:
    parameter = FloatParameter.model_validate({"low": 0, "high": 1, "step": 1e-300}, context=STORED)
    assert parameter.grid() is None
