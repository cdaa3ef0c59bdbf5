"""Points spread evenly over a space: a scrambled Sobol sequence.

The points are those of Optuna's QMC sampler, which keeps its place in the sequence in the study;
here the place is an argument, so that a search goes on after a restart.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hpsearch.search.scale import Space, active, in_order
from hpsearch.spec.space import CategoricalParameter, Parameter, Value


def points(space: Space, seed: int, first: int, count: int) -> list[dict[str, Value]]:
    """The points `first` to `first + count - 1` of the space's sequence with this seed."""
    if count == 0 or not space:
        return [{} for _ in range(count)]
    engine = _engine(space, seed, first)
    return [_point(space, engine.random(1)[0], {}) for _ in range(count)]


def complete(space: Space, seed: int, index: int, given: Mapping[str, Value]) -> dict[str, Value]:
    """A point of the space: `given`, as far as its conditions hold, and the rest from the sequence.

    What earlier versions took in the queue may hold parameters that do not apply.
    """
    return _point(space, _engine(space, seed, index).random(1)[0], given) if space else {}


def prepare() -> None:
    """Import what the first points need: half a second that no job then waits for."""
    from scipy.stats import qmc  # noqa: F401, PLC0415 - as below


def _engine(space: Space, seed: int, first: int) -> Any:
    # Not `from scipy.stats.qmc`, which does not wait for another thread that imports scipy.stats.
    from scipy.stats import qmc  # noqa: PLC0415 - takes a second; servers start without it

    engine = qmc.Sobol(len(space), scramble=True, seed=seed)
    if first > 0:
        engine.fast_forward(first)
    return engine


def _point(space: Space, places: np.ndarray, given: Mapping[str, Value]) -> dict[str, Value]:
    position = dict(zip(space, places.tolist(), strict=True))
    params: dict[str, Value] = {}
    for name, parameter in in_order(space):
        if active(parameter, params):
            params[name] = given[name] if name in given else _value(parameter, position[name])
    return {name: params[name] for name in space if name in params}


def _value(parameter: Parameter, place: float) -> Value:
    """The value at a place from 0 to 1, excluded; each whole step gets the same width."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices[int(place * len(parameter.choices))]
    low, high = parameter.low, parameter.high
    if low == high:
        return low
    grid = parameter.grid()
    if grid is None:
        half = 0.0
    else:
        half, high = (parameter.step or 0) / 2, grid.value(grid.last)
    if parameter.log:
        start, end = math.log(low - half), math.log(high + half)
        value = math.exp(start + place * (end - start))
    else:
        value = low - half + place * (high - low + 2 * half)
    return min(max(value, low), high) if grid is None else grid.snapped(value)
