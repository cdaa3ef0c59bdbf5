"""Which setting is likely the best: not the luckiest value, but the best estimate.

The best of many values is partly luck, the more so near divergence. So a smooth surface is laid
through what all trials reported (see `smooth`), and that setting is recommended whose estimate,
less one standard deviation of it, is the highest at the furthest report point that enough trials
have reached. It is a statement about what is known; no decision of the search depends on it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.search.curves import Curve, common_step, ranked, upward
from hpsearch.search.scale import Space, place
from hpsearch.search.smooth import Smooth
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Value, as_number, same
from hpsearch.trial import Outcome, Trial

FEWEST = 4
"""Trials with a value, before a surface says more than the best value."""
MOST = 200
"""Trials that the surface goes through: half of them the best, half the latest."""
FURTHEST = 3
"""Trials that must have come as far as a report point before settings are compared there."""
LOWEST = -2.5
"""Values lie this far below the best at most, in units of the way from the median to the best."""
SMALLEST_UNIT = 0.02
"""Of that way, on the scale of the objective."""
OTHER_CHOICE = 0.6
"""Distance of two choices, where a numeric parameter's whole range is 1."""
ABSENT = -0.4
"""Where a parameter lies that does not apply."""


@dataclass(frozen=True)
class Likely:
    """A setting, by the first trial that had it.

    estimate, low, high: of the objective at `epoch` epochs of training, with one standard deviation
    to either side; low and high are None where too little is known for an estimate.
    """

    trial: int
    epoch: float
    estimate: float
    low: float | None
    high: float | None
    compared: int

    def words(self, objective: Objective) -> str:
        """One sentence."""
        after = f"after {self.epoch:g} epoch" + ("" if self.epoch == 1 else "s")
        if self.low is None or self.high is None:
            return f"Trial {self.trial} leads, with {objective.words} {self.estimate:.3f} {after}."
        low, high = sorted((self.low, self.high))
        return (
            f"Trial {self.trial} has likely the best setting: {objective.words} "
            f"{self.estimate:.3f} {after} (give or take: {low:.3f} to {high:.3f}), as estimated "
            f"from {self.compared} trials. The highest value alone is partly luck."
        )


def likely_best(space: Space, trials: Sequence[Trial], objective: Objective) -> Likely | None:
    """None until a trial has a value. Trials in training count with what they have reported."""
    known = _chosen(list(_curves(trials, objective)))
    step = common_step([each for each in known if each.values], FURTHEST)
    if step is None:
        return None
    there = ranked(known, step)
    if len(known) < FEWEST:
        value = objective.upward(there[0].values[step])
        return Likely(there[0].number, step / 100, value, None, None, len(there))
    steps = sorted({each for one in known for each in one.values})
    units = {each: _unit(known, each) for each in steps}
    at = [steps.index(max(each.values, default=steps[0])) for each in known]
    values = [_relative(each, units) for each in known]
    points = np.array([list(_features(space, each.params)) for each in known])
    surface = Smooth.through(points, np.array(at), np.array(values), len(space))
    places = np.array([index for index, each in enumerate(known) if step in each.values])
    means, deviations = surface.at(points[places], steps.index(step))
    best = int(np.argmax(means - deviations))
    top, unit = units[step]
    low, estimate, high = (
        objective.upward(top + unit * float(means[best] + sign * deviations[best]))
        for sign in (-1, 0, 1)
    )
    return Likely(known[int(places[best])].number, step / 100, estimate, low, high, len(known))


def _curves(trials: Sequence[Trial], objective: Objective) -> Iterator[Curve]:
    """As the search sees them, those in training included."""
    for trial in trials:
        ending = trial.ending
        if ending is not None and not ending.outcome.caused_by_parameters:
            continue
        diverged = ending is not None and ending.outcome is Outcome.DIVERGED
        values = upward(trial.reports, objective)
        if diverged or values:
            yield Curve(trial.number, trial.params, values, 0 if diverged else None)


def _chosen(known: Sequence[Curve]) -> Sequence[Curve]:
    if len(known) <= MOST:
        return known
    latest, earlier = known[-MOST // 2 :], known[: -MOST // 2]
    furthest = sorted(earlier, key=lambda each: (-max(each.values, default=0), -_last(each)))
    return sorted([*furthest[: MOST // 2], *latest], key=lambda each: each.number)


def _last(each: Curve) -> float:
    return each.values[max(each.values)] if each.values else -math.inf


def _unit(known: Sequence[Curve], step: int) -> tuple[float, float]:
    """The best value at a report point, and how far below it the median lies."""
    there = [each.values[step] for each in known if step in each.values]
    low = float(np.median(there)) if len(there) >= FEWEST else min(there)
    return max(there), max(max(there) - low, SMALLEST_UNIT)


def _relative(each: Curve, units: Mapping[int, tuple[float, float]]) -> float:
    if each.diverged_step is not None:
        return LOWEST
    step = max(each.values)
    top, unit = units[step]
    return max((each.values[step] - top) / unit, LOWEST)


def _features(space: Space, params: Mapping[str, Value]) -> Iterator[float]:
    """Where a setting lies: numbers on their own scales, two choices `OTHER_CHOICE` apart."""
    for name, parameter in space.items():
        if isinstance(parameter, CategoricalParameter):
            for choice in parameter.choices:
                here = name in params and same(params[name], choice)
                yield OTHER_CHOICE / math.sqrt(2) * here
        else:
            yield place(parameter, as_number(params[name])) if name in params else ABSENT
