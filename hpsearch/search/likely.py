"""Which setting is likely the best: not the luckiest value, but the best estimate.

The best of many values is partly luck, the more so near divergence. So a smooth surface is laid
through what all trials reported (see `smooth`), and that setting is recommended whose estimate,
less one and a half standard deviations of it, is the highest at the furthest report point that
enough trials have reached. No decision of the search depends on it; the certificate trains those
again that are likely the best.
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
FAR_BELOW = 2.0
"""Distance below the best value, in units of the distance from the median to the best, beyond which
values are increasingly compressed: how badly a setting failed says little about the others."""
DIVERGED = -2.5
"""What a diverged trial counts as, in these units."""
CAUTION = 1.5
"""Standard deviations that are taken off an estimate."""
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


@dataclass(frozen=True)
class _Estimates:
    """What the surface says, at one report point, of the trials that came so far.

    numbers: of these trials. means, deviations: as `_relative` has values. top, unit: the best
    value there, on a scale where more is better, and the unit. compared: trials in the surface.
    """

    numbers: Sequence[int]
    means: Sequence[float]
    deviations: Sequence[float]
    top: float
    unit: float
    compared: int

    def order(self) -> list[int]:
        """Places of the trials, the likely best first.

        Estimates that agree to six digits are equal, so that no processor's rounding decides.
        """
        cautious = [
            round(mean - CAUTION * deviation, 6)
            for mean, deviation in zip(self.means, self.deviations, strict=True)
        ]
        return sorted(range(len(cautious)), key=lambda place: (-cautious[place], place))

    def value(self, place: int, sign: int) -> float:
        """The estimate, or one standard deviation to either side; more is better."""
        relative = self.means[place] + sign * self.deviations[place]
        return self.top - self.unit * FAR_BELOW * math.expm1(-relative / FAR_BELOW)


def likely_best(space: Space, trials: Sequence[Trial], objective: Objective) -> Likely | None:
    """None until a trial has a value. Trials in training count with what they have reported."""
    known = _chosen(list(_curves(trials, objective)))
    step = common_step([each for each in known if each.values], FURTHEST)
    if step is None:
        return None
    if len(known) < FEWEST:
        there = ranked(known, step)
        value = objective.upward(there[0].values[step])
        return Likely(there[0].number, step / 100, value, None, None, len(there))
    found = _estimates(space, known, step)
    best = found.order()[0]
    low, estimate, high = (objective.upward(found.value(best, sign)) for sign in (-1, 0, 1))
    return Likely(found.numbers[best], step / 100, estimate, low, high, found.compared)


def by_likelihood(space: Space, trials: Sequence[Trial], objective: Objective) -> list[int]:
    """Numbers of the complete trials, the likely best first.

    Those that were trained longest come first, the others by value. Of a long search the best by
    value and the latest alone. By value while few trials are known, too.
    """
    complete = {trial.number for trial in trials if trial.value is not None}
    known = _chosen(list(_curves(trials, objective)))
    ended = [each for each in known if each.number in complete]
    ended.sort(key=lambda each: (-max(each.values), -_last(each), each.number))
    by_value = [each.number for each in ended]
    if len(known) < FEWEST or not ended:
        return by_value
    found = _estimates(space, known, max(ended[0].values))
    likely = [found.numbers[place] for place in found.order()]
    return list(dict.fromkeys([*(each for each in likely if each in complete), *by_value]))


def _estimates(space: Space, known: Sequence[Curve], step: int) -> _Estimates:
    steps = sorted({each for one in known for each in one.values})
    units = {each: _unit(known, each) for each in steps}
    at = [steps.index(max(each.values, default=steps[0])) for each in known]
    values = [_relative(each, units) for each in known]
    points = np.array([list(_features(space, each.params)) for each in known])
    surface = Smooth.through(points, np.array(at), np.array(values), len(space))
    places = np.array([index for index, each in enumerate(known) if step in each.values])
    means, deviations = surface.at(points[places], steps.index(step))
    numbers = [known[int(place)].number for place in places]
    return _Estimates(numbers, means.tolist(), deviations.tolist(), *units[step], len(known))


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
    """How far the furthest value lies below the best one there, in units; large ways shortened."""
    if each.diverged_step is not None:
        return DIVERGED
    step = max(each.values)
    top, unit = units[step]
    return -FAR_BELOW * math.log1p((top - each.values[step]) / unit / FAR_BELOW)


def _features(space: Space, params: Mapping[str, Value]) -> Iterator[float]:
    """Where a setting lies: numbers on their own scales, two choices `OTHER_CHOICE` apart."""
    for name, parameter in space.items():
        if isinstance(parameter, CategoricalParameter):
            for choice in parameter.choices:
                here = name in params and same(params[name], choice)
                yield OTHER_CHOICE / math.sqrt(2) * here
        else:
            yield place(parameter, as_number(params[name])) if name in params else ABSENT
