"""Parameters of a trial as Optuna stores them: one float each, beside its distribution."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from hpsearch.errors import FieldProblem
from hpsearch.spec.space import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
)


def distribution(parameter: Parameter) -> BaseDistribution:
    """The parameter's range in Optuna's terms."""
    if isinstance(parameter, CategoricalParameter):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, IntParameter):
        top = parameter.low + (parameter.high - parameter.low) // parameter.step * parameter.step
        return IntDistribution(parameter.low, top, log=parameter.log, step=parameter.step)
    return FloatDistribution(parameter.low, _top(parameter), log=parameter.log, step=parameter.step)


def _top(parameter: FloatParameter) -> float:
    """The highest value that whole steps reach; Optuna warns where that is not `high`."""
    if parameter.step is None:
        return parameter.high
    low, high, step = (
        Decimal(repr(float(x))) for x in (parameter.low, parameter.high, parameter.step)
    )
    return float(low + (high - low) // step * step)


def distribution_json(parameter: Parameter) -> str:
    """The text that Optuna keeps beside the parameter's value."""
    return distribution_to_json(distribution(parameter))


def encode(parameter: Parameter, value: Value) -> float:
    """The float that stands for `value`; raises ValueError where the parameter cannot be that."""
    if isinstance(parameter, CategoricalParameter):
        for index, choice in enumerate(parameter.choices):
            if type(choice) is type(value) and choice == value:
                return float(index)
        raise ValueError(f"must be one of {parameter.choices}")
    if isinstance(value, bool | str) or not math.isfinite(value):
        raise ValueError("must be a number")
    if isinstance(parameter, IntParameter) and value != int(value):
        raise ValueError("must be a whole number")
    return float(value)


def decode(parameter: Parameter, stored: float) -> Value:
    """The value that `encode` made a float of."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices[int(stored)]
    return int(stored) if isinstance(parameter, IntParameter) else stored


def problems(space: Mapping[str, Parameter], params: Mapping[str, Value]) -> Iterator[FieldProblem]:
    """What keeps these parameters from being tried; a parameter that is left out is sampled."""
    for name, value in params.items():
        parameter = space.get(name)
        if parameter is None:
            allowed = f"one of {', '.join(space)}"
            yield FieldProblem(f"params.{name}", "is not a parameter of this job", value, allowed)
            continue
        try:
            encode(parameter, value)
        except ValueError as error:
            yield FieldProblem(f"params.{name}", str(error), value)
            continue
        if isinstance(parameter, FloatParameter | IntParameter) and not (
            isinstance(value, int | float) and parameter.low <= value <= parameter.high
        ):
            allowed = f"{parameter.low:g} to {parameter.high:g}"
            yield FieldProblem(f"params.{name}", "is outside the job's range", value, allowed)
