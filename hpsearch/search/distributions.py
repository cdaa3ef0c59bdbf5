"""Parameters in Optuna's words."""

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hpsearch.spec.space import CategoricalParameter, FloatParameter, IntParameter, Parameter

MAX_STEPS = 10**6
"""Optuna finds no more steps than this, in floats, to be whole ones."""
RESOLUTION = 1e-7
"""Of the larger end: nor steps that are smaller."""


def distribution(parameter: Parameter) -> BaseDistribution:
    """The parameter's range; its high end is the last value that whole steps reach.

    A float with finer steps than Optuna can take is one without steps there: what is sampled is
    brought to the grid anyway.
    """
    if isinstance(parameter, CategoricalParameter):
        return CategoricalDistribution(parameter.choices)
    grid = parameter.grid()
    top = parameter.high if grid is None else grid.value(grid.last)
    if isinstance(parameter, IntParameter):
        return IntDistribution(parameter.low, int(top), log=parameter.log, step=parameter.step)
    step = parameter.step if grid is not None and _takes(parameter, grid.last) else None
    return FloatDistribution(parameter.low, top, log=parameter.log, step=step)


def _takes(parameter: FloatParameter, steps: int) -> bool:
    largest = max(abs(parameter.low), abs(parameter.high))
    return steps <= MAX_STEPS and (parameter.step or 0) >= RESOLUTION * largest
