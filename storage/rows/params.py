"""Parameters of a trial as Optuna stores them: one float each, beside its distribution."""

from functools import lru_cache

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution

from hpsearch.search.distributions import distribution
from hpsearch.spec.space import CategoricalParameter, IntParameter, Parameter, Value, same


def distribution_json(parameter: Parameter) -> str:
    """The text that Optuna keeps beside the parameter's value."""
    return distribution_to_json(distribution(parameter))


def encode(parameter: Parameter, value: Value) -> float:
    """The float that stands for `value`; raises ValueError if the parameter cannot be that."""
    if isinstance(parameter, CategoricalParameter):
        return float(_index(parameter, value))
    if value is None or isinstance(value, bool | str):
        raise ValueError("must be a number")
    return float(value)


def decode(parameter: Parameter, stored: float) -> Value:
    """The value that `encode` made a float of."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices[int(stored)]
    return int(stored) if isinstance(parameter, IntParameter) else stored


def _index(parameter: CategoricalParameter, value: Value) -> int:
    """Of the choice; of those that are equal (version 1 took 50 beside 50.0) the one alike."""
    equal = [index for index, choice in enumerate(parameter.choices) if same(choice, value)]
    alike = [index for index in equal if type(parameter.choices[index]) is type(value)]
    for index in (*alike, *equal):
        return index
    raise ValueError(f"must be one of {parameter.choices}")


def decode_by_distribution(text: str, stored: float) -> Value:
    """The value, known from the distribution that Optuna keeps beside it."""
    value: Value = _distribution_in(text).to_external_repr(stored)
    return value


@lru_cache(maxsize=1024)
def _distribution_in(text: str) -> BaseDistribution:
    return json_to_distribution(text)
