"""Parameters as Optuna keeps them: one float beside a distribution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    json_to_distribution,
)

from hpsearch.search.distributions import distribution
from hpsearch.spec.bounds import STORED
from hpsearch.spec.space import CategoricalParameter, FloatParameter, IntParameter, Value
from storage.rows.params import decode, distribution_json, encode

MIXED = CategoricalParameter.model_validate(
    {"choices": ["1", 1, 1.0, True, 0, False, None]}, context=STORED
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_every_bit(value: float) -> None:
    parameter = FloatParameter(low=0, high=1)

    assert decode(parameter, encode(parameter, value)) == value


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_keep_every_digit(value: int) -> None:
    parameter = IntParameter(low=0, high=1)

    found = decode(parameter, encode(parameter, value))

    assert (type(found), found) == (int, value)


@pytest.mark.parametrize("value", MIXED.choices)
def test_choices_that_python_calls_equal_are_told_apart(value: Value) -> None:
    found = decode(MIXED, encode(MIXED, value))

    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("value", [True, "1", None])
def test_what_is_no_number_is_refused(value: Value) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        encode(FloatParameter(low=0, high=1), value)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (FloatParameter(low=0, high=1, step=0.3), FloatDistribution(0, 0.9, step=0.3)),
        (FloatParameter(low=0.1, high=0.7, step=0.1), FloatDistribution(0.1, 0.7, step=0.1)),
        (FloatParameter(low=1e-3, high=1e3, log=True), FloatDistribution(1e-3, 1e3, log=True)),
        (IntParameter(low=1, high=10, step=4), IntDistribution(1, 9, step=4)),
        (IntParameter(low=5, high=5), IntDistribution(5, 5)),
        (CategoricalParameter(choices=["a", 2]), CategoricalDistribution(["a", 2])),
    ],
)
def test_distributions_are_optunas_and_give_no_warning(
    parameter: FloatParameter | IntParameter | CategoricalParameter,
    expected: FloatDistribution | IntDistribution | CategoricalDistribution,
) -> None:
    assert distribution(parameter) == expected
    assert json_to_distribution(distribution_json(parameter)) == expected
