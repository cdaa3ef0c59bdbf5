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
from hpsearch.search.scale import Space, active, in_order
from hpsearch.spec.space import CategoricalParameter, IntParameter, Parameter, Value

ENOUGH = 8
"""Trials that must have come as far as a step before the sampler compares there."""
BEST_SEEN = 40
"""The sampler sees so many of the best trials in range,"""
LATEST_SEEN = 40
"""and so many of the latest: planning stays cheap however long the search."""

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
        made.add_trial(_frozen(each, step, distributions, diverged))
    for params in pending:
        made.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(params),
                distributions={name: distributions[name] for name in params},
            )
        )
    return made


def ask(made: optuna.Study, space: Space) -> dict[str, Value]:
    """One new point of the space; the study counts it as running from now on."""
    distributions = {
        name: distribution(parameter) for name, parameter in space.items() if parameter.when is None
    }
    trial = made.ask(distributions)
    params: dict[str, Value] = {}
    for name, parameter in in_order(space):
        if active(parameter, params):
            params[name] = _suggest(trial, name, parameter)
    return {name: params[name] for name in space if name in params}


def distribution(parameter: Parameter) -> BaseDistribution:
    """The parameter in Optuna's words."""
    if isinstance(parameter, CategoricalParameter):
        return CategoricalDistribution(parameter.choices)
    low, high = parameter.low, parameter.high
    if isinstance(parameter, IntParameter):
        high = parameter.high - (parameter.high - parameter.low) % parameter.step
        return IntDistribution(parameter.low, high, log=parameter.log, step=parameter.step)
    if parameter.step is not None:
        high = low + parameter.step * int((high - low) / parameter.step + 1e-9)
    return FloatDistribution(low, high, log=parameter.log, step=parameter.step)


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    if isinstance(parameter, CategoricalParameter):
        choice = trial.suggest_categorical(name, parameter.choices)
        assert choice is not None
        return choice
    low, high = parameter.low, parameter.high
    if isinstance(parameter, IntParameter):
        return trial.suggest_int(
            name, parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    return trial.suggest_float(name, low, high, log=parameter.log, step=parameter.step)


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
    distributions: Mapping[str, BaseDistribution],
    diverged: float | None,
) -> FrozenTrial:
    own = {name: distributions[name] for name in each.params}
    value, values = _told(each, step, diverged)
    return create_trial(
        state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
        value=value,
        params=dict(each.params),
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
