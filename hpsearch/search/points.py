"""The points of a space that has a finite number of them: how many, and which are left."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

from hpsearch.search.scale import Space, active, in_order
from hpsearch.spec.space import CategoricalParameter, FloatParameter, Parameter, Value

Params = Mapping[str, Value]
Key = tuple[tuple[str, str], ...]

MOST_COUNTED = 2**53
"""A larger number of points is as good as no end: no search comes to it."""
MOST_COMBINATIONS = 10_000
"""Of the choices that conditions join; beyond it nobody counts."""


def key_of(params: Params) -> Key:
    """Equal for equal points, and for no others."""
    return tuple(sorted((name, repr(value)) for name, value in params.items()))


def count(space: Space) -> int | None:
    """How many distinct points the space has; None if there is no end to them.

    A parameter whose condition does not hold is not part of a point.
    """
    total = 1
    for joined in _joined_by_conditions(space):
        found = _count(joined)
        if found is None or total * found > MOST_COUNTED:
            return None
        total *= found
    return total


def untried(space: Space, tried: Collection[Key]) -> Iterator[Params]:
    """The points of a countable space that are not among these, in order."""
    return (params for params in _points(space) if key_of(params) not in tried)


def _values(parameter: Parameter) -> Sequence[Value] | range | None:
    """Indices or values, as many as there are; None for a real number without steps."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices
    if parameter.low == parameter.high:
        return [parameter.low]
    if isinstance(parameter, FloatParameter) and parameter.step is None:
        return None
    grid = parameter.grid()
    return None if grid is None else range(grid.last + 1)


def _value(parameter: Parameter, entry: Value) -> Value:
    """The value that an entry of `_values` stands for."""
    if isinstance(parameter, CategoricalParameter) or parameter.low == parameter.high:
        return entry
    grid = parameter.grid()
    assert grid is not None
    assert isinstance(entry, int)
    return grid.value(entry)


def _joined_by_conditions(space: Space) -> list[Space]:
    """The space in parts, such that no condition leads from one to another."""
    parts: list[set[str]] = []
    for name, parameter in space.items():
        part = {name, *(parameter.when or {})}
        for other in [each for each in parts if each & part]:
            parts.remove(other)
            part |= other
        parts.append(part)
    return [{name: space[name] for name in space if name in part} for part in parts]


def _count(space: Space) -> int | None:
    """Of parameters that conditions join: for each combination of parents, what hangs on it."""
    parents = sorted({parent for each in space.values() for parent in each.when or {}})
    choices = [_values(space[parent]) or () for parent in parents]
    if math.prod(len(each) for each in choices) > MOST_COMBINATIONS:
        return None
    total = 0
    for combination in product(*choices):
        params = dict(zip(parents, combination, strict=True))
        sizes = [
            _size(parameter)
            for name, parameter in space.items()
            if name not in params and active(parameter, params)
        ]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return None
        total += math.prod(known)
    return total


def _size(parameter: Parameter) -> int | None:
    values = _values(parameter)
    return None if values is None else len(values)


def _points(space: Space) -> Iterator[Params]:
    names = [name for name, _ in in_order(space)]
    for params in _completed(space, names, {}):
        yield {name: params[name] for name in space if name in params}


def _completed(space: Space, names: Sequence[str], params: dict[str, Value]) -> Iterator[Params]:
    """All points that begin with `params`; `names` are the parameters to come."""
    if not names:
        yield params
        return
    name, *rest = names
    if not active(space[name], params):
        yield from _completed(space, rest, params)
        return
    for entry in _values(space[name]) or ():
        yield from _completed(space, rest, {**params, name: _value(space[name], entry)})
