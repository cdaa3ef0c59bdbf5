"""A parameter's own scale: values as places between 0 and 1, and spaces with conditions."""

import math
from collections.abc import Iterator, Mapping

from hpsearch.spec.space import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
    same,
)

Space = Mapping[str, Parameter]
Numeric = FloatParameter | IntParameter


def place(box: Numeric, value: float) -> float:
    """Where `value` lies in the box, 0 (low) to 1 (high), on its scale; 0.5 in a point box."""
    low, high = box.low, box.high
    if low == high:
        return 0.5
    if box.log:
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def value_at(box: Numeric, position: float) -> float:
    """The value at a place between 0 and 1; the inverse of `place`, never outside the box."""
    low, high = box.low, box.high
    if position <= 0:
        return low
    if position >= 1:
        return high
    if box.log:
        value = math.exp(math.log(low) + position * (math.log(high) - math.log(low)))
    else:
        value = low + position * (high - low)
    return min(max(value, low), high)


def between(box: Numeric, start: float, end: float) -> Numeric:
    """The part of the box from place `start` to place `end`, widened outward to whole steps."""
    low, high = value_at(box, start), value_at(box, end)
    grid = box.grid()
    if grid is not None:
        low = grid.value(math.floor(grid.place(low) + 1e-9))
        high = grid.value(math.ceil(grid.place(high) - 1e-9))
    return box.model_copy(update={"low": low, "high": high})


def contains(parameter: Parameter, value: Value) -> bool:
    """Whether the parameter can take this value."""
    if isinstance(parameter, CategoricalParameter):
        return any(same(value, choice) for choice in parameter.choices)
    if value is None or isinstance(value, str | bool):
        return False
    grid = parameter.grid()
    return parameter.low <= value <= parameter.high if grid is None else grid.holds(value)


def snapped(parameter: Parameter, value: Value) -> Value:
    """The value of the parameter that this one stands for: the nearest on its grid."""
    if isinstance(parameter, CategoricalParameter) or value is None or isinstance(value, str):
        return value
    grid = parameter.grid()
    return value if grid is None else grid.snapped(value)


def active(parameter: Parameter, params: Mapping[str, Value]) -> bool:
    """Whether this parameter applies where the others are as in `params`."""
    return all(
        parent in params and any(same(params[parent], value) for value in values)
        for parent, values in (parameter.when or {}).items()
    )


def fits(space: Space, params: Mapping[str, Value]) -> bool:
    """Whether `params` is a point of the space: the active parameters, each within its range."""
    wanted = [name for name, parameter in space.items() if active(parameter, params)]
    return len(wanted) == len(params) and all(
        name in params and contains(space[name], params[name]) for name in wanted
    )


def in_order(space: Space) -> Iterator[tuple[str, Parameter]]:
    """The parameters, those without a condition first."""
    yield from ((name, each) for name, each in space.items() if each.when is None)
    yield from ((name, each) for name, each in space.items() if each.when is not None)


def discrete(space: Space) -> bool:
    """Whether the space has a countable number of points."""
    return all(
        not isinstance(parameter, FloatParameter)
        or parameter.step is not None
        or parameter.low == parameter.high
        for parameter in space.values()
    )
