"""The throw-away, in-memory Optuna study that a cohort's parameters are asked from.

Alone in knowing how our trials look to Optuna. A study holds only trials inside the current
range, under the current distributions: joint (multivariate) sampling goes on working after the
range has moved.
"""

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpsearch.search.curves import Curve, common_step, ranked
from hpsearch.search.distributions import distribution
from hpsearch.search.scale import Space, active, in_order, snapped
from hpsearch.spec.space import Value

ENOUGH = 8
"""Trials that must have come as far as a step before the sampler compares there."""
BEST_SEEN = 40
"""The sampler sees this many of the best trials in range,"""
LATEST_SEEN = 40
"""and this many of the latest: planning stays cheap however long the search."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


def study(
    space: Space,
    known: Sequence[Curve],
    pending: Sequence[Mapping[str, Value]],
    sampler: BaseSampler,
    complete_diverged: bool = False,
) -> optuna.Study:
    """A study that knows these finished trials, and those in training by their parameters.

    All must fit the space. Trials that came as far as the common step are complete with their
    value there. The others are pruned with the last value they have: Optuna ranks those below
    the complete ones, by step first, so that values of different lengths never meet as equals. A
    diverged trial is pruned with NaN, earlier than any report, which ranks it last. For a sampler
    that looks at complete trials only (`complete_diverged`), it is complete instead, with a value
    below all others.
    """
    made = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {name: distribution(parameter) for name, parameter in space.items()}
    step = common_step(known, ENOUGH)
    diverged = _below_all(known) if complete_diverged else None
    for each in _seen(known, step):
        made.add_trial(_frozen(each, step, _snapped(space, each.params), distributions, diverged))
    for params in pending:
        made.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=_snapped(space, params),
                distributions={name: distributions[name] for name in params},
            )
        )
    return made


def ask(made: optuna.Study, space: Space) -> dict[str, Value]:
    """One new point of the space; the study counts it as running from now on."""
    distributions = {name: distribution(parameter) for name, parameter in space.items()}
    trial = made.ask({name: distributions[name] for name in space if space[name].when is None})
    params: dict[str, Value] = {}
    for name, parameter in in_order(space):
        if active(parameter, params):
            params[name] = snapped(parameter, _suggest(trial, name, distributions[name]))
    return {name: params[name] for name in space if name in params}


def _snapped(space: Space, params: Mapping[str, Value]) -> dict[str, Value]:
    """On the grid: Optuna takes no value that is a rounding error above a range."""
    return {name: snapped(space[name], value) for name, value in params.items()}


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Value:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_int(name, low, high, log=distribution.log, step=distribution.step)
    assert isinstance(distribution, FloatDistribution)
    low_, high_ = distribution.low, distribution.high
    return trial.suggest_float(name, low_, high_, log=distribution.log, step=distribution.step)


def _seen(known: Sequence[Curve], step: int | None) -> list[Curve]:
    """The best and the latest, in the order in which they were sampled."""
    if len(known) <= BEST_SEEN + LATEST_SEEN:
        return list(known)
    latest = known[-LATEST_SEEN:]
    best = [] if step is None else ranked(known[:-LATEST_SEEN], step)[:BEST_SEEN]
    return sorted(best, key=lambda each: each.number) + list(latest)


def _frozen(
    each: Curve,
    step: int | None,
    params: Mapping[str, Value],
    distributions: Mapping[str, BaseDistribution],
    diverged: float | None,
) -> FrozenTrial:
    own = {name: distributions[name] for name in params}
    value, values = _told(each, step, diverged)
    return create_trial(
        state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
        value=value,
        params=dict(params),
        distributions=own,
        intermediate_values=values,
    )


def _below_all(known: Sequence[Curve]) -> float:
    """An accuracy of 0, or the largest loss of all, which is negated."""
    return min((0.0, *(value for each in known for value in each.values.values())))


def _told(
    each: Curve, step: int | None, diverged: float | None
) -> tuple[float | None, dict[int, float]]:
    """The value of a complete trial, or None for a pruned one; and what it reported."""
    if each.diverged_step is not None:
        return diverged, {0: math.nan}
    if step is not None and step in each.values:
        return each.values[step], {step: each.values[step]}
    if each.values:
        last = max(each.values)
        return None, {last: each.values[last]}
    return None, {}
