"""Drawing ranges around good trials, on each parameter's own scale and never outside the box."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpsearch.baseline import Baseline
from hpsearch.search.curves import Curve, common_step, loss_of, ranked
from hpsearch.search.scale import Numeric, Space, between, contains, place
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Parameter, as_number, same

FEWEST_COMPARED = 6
"""Trials that must have come as far as a step before ranges are drawn from the values there."""
FEWEST_GOOD = 4
"""Trials around which a range is drawn, at least."""
MOST_GOOD = 12
"""And at most, whatever share `rounds.keep` asks for: with many trials the best few per cent lie
close enough together."""
LONE = 0.5
"""Of the range before: how wide the range around a single good trial is."""
MARGIN = 0.25
"""Of the good trials' spread, left free on either side."""
NARROWEST_OF_BOX = 0.25
"""Of the box: the first narrowing leaves no less. Most of a box trains nothing, which is clear."""
NARROWEST = 0.5
"""Of a range that was narrowed before: good trials differ by little more than by chance there."""
FAR_BELOW = 0.6
"""Of the way from the best trial down to the median one: what lies further down is not good."""
EDGE = 0.1
"""Of the box: the user is told of good trials this close to its edge."""
TRIES_TO_DROP = 3
"""A categorical choice drops out only after this many trials with it."""


@dataclass(frozen=True)
class Drawn:
    """New ranges with their evidence, and why they are so."""

    ranges: Space
    evidence: tuple[int, ...]
    reason: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """What the values of curves mean. baseline: what guessing scores, if known."""

    objective: Objective
    baseline: Baseline | None = None

    def past_chance(self, value: float) -> bool:
        """Whether a curve's value is more than a guess's luck."""
        if self.baseline is None:
            return True
        if self._ranked_by_loss(value):
            return self.baseline.beaten_by(loss_of(value), Objective.LOSS)
        return self.baseline.beaten_by(self.objective.upward(value), self.objective)

    def _ranked_by_loss(self, value: float) -> bool:
        """Whether a curve has this value as its accuracy may be the luck of a guess."""
        return self.objective is not Objective.LOSS and value < 0

    def words(self, worst: float, best: float) -> str:
        if self._ranked_by_loss(best):
            return f"loss {loss_of(worst):.3f} to {loss_of(best):.3f}"
        low, high = self.objective.upward(worst), self.objective.upward(best)
        return f"{self.objective.words} {low:.3f} to {high:.3f}"


def draw(
    box: Space,
    before: Space,
    known: Sequence[Curve],
    keep: float,
    measure: Measure,
    fewest: int = 1,
) -> Drawn:
    """Draw ranges around the best `keep` share of the trials at their furthest common step.

    Trials at chance are no evidence; at least `fewest` others are needed.
    """
    step = common_step(known, FEWEST_COMPARED)
    if step is None:
        return Drawn(before, (), "no trial has a value yet: the ranges stay as they were")
    order = ranked(known, step)
    past = [each for each in order if measure.past_chance(each.values[step])]
    if not past:
        return Drawn(before, (), "no trial is better than a guess: the ranges stay as they were")
    if len(past) < fewest:
        few = f"{len(past)} of {len(order)} trials better than a guess are too few to narrow by"
        return Drawn(before, (), f"{few}: the ranges stay as they were")
    count = max(FEWEST_GOOD, min(round(keep * len(known)), len(past) // 2, MOST_GOOD))
    good = _close_to_best(past[:count], order, step)
    ranges = {name: _drawn(box[name], before[name], name, good, order) for name in box}
    return Drawn(
        ranges,
        tuple(each.number for each in good),
        f"drawn around the best {len(good)} of {len(order)} trials, "
        f"compared after {step / 100:g} epochs "
        f"({measure.words(good[-1].values[step], good[0].values[step])})" + _at_chance(order, past),
        tuple(_advice(box, good)),
    )


def _at_chance(order: Sequence[Curve], past: Sequence[Curve]) -> str:
    count = len(order) - len(past)
    return f"; {count} are no better than a guess" if count else ""


def _close_to_best(good: Sequence[Curve], order: Sequence[Curve], step: int) -> Sequence[Curve]:
    """Without those far below the best: one hill of two, where it is clear which is higher."""
    best, middle = good[0].values[step], order[len(order) // 2].values[step]
    if best > 0:
        middle = max(middle, 0.0)
    floor = best - FAR_BELOW * (best - middle)
    return [each for each in good if each.values[step] >= floor]


def _drawn(
    box: Parameter, before: Parameter, name: str, good: Sequence[Curve], order: Sequence[Curve]
) -> Parameter:
    if isinstance(box, CategoricalParameter):
        return _choices(box, name, good, order)
    assert not isinstance(before, CategoricalParameter)
    places = _places(box, name, good)
    if not places:
        return before
    start, end = min(places), max(places)
    width = place(box, before.high) - place(box, before.low)
    share = NARROWEST_OF_BOX if before == box else NARROWEST
    narrowest = (share if len(places) > 1 else LONE) * width
    margin = max(MARGIN * (end - start), (narrowest - (end - start)) / 2)
    return between(box, start - margin, end + margin)


def _choices(
    box: CategoricalParameter, name: str, good: Sequence[Curve], order: Sequence[Curve]
) -> CategoricalParameter:
    """The choices without those that were tried often enough and are not among the good."""
    kept = []
    for choice in box.choices:
        tried = [each for each in order if name in each.params and same(each.params[name], choice)]
        if len(tried) < TRIES_TO_DROP or any(each in good for each in tried):
            kept.append(choice)
    return box.model_copy(update={"choices": kept}) if kept else box


def _places(box: Numeric, name: str, good: Sequence[Curve]) -> list[float]:
    values = (each.params[name] for each in good if name in each.params)
    return [place(box, as_number(value)) for value in values]


def _advice(box: Space, good: Sequence[Curve]) -> Iterator[str]:
    """Where the best trials lie at the edge of what the user allowed."""
    for name, parameter in box.items():
        if isinstance(parameter, CategoricalParameter) or parameter.low == parameter.high:
            continue
        places = sorted(_places(parameter, name, good))
        if len(places) < 2:
            continue
        middle = places[len(places) // 2]
        if middle < EDGE:
            yield _words(name, "lower", parameter.low)
        elif middle > 1 - EDGE:
            yield _words(name, "upper", parameter.high)


def _words(name: str, end: str, bound: float) -> str:
    return (
        f"the best values of {name} lie at the {end} end of your range ({bound:g}): "
        f"a range that goes further may do better"
    )


def within(box: Space, ranges: Space) -> bool:
    """Whether every range lies inside the box."""
    return all(_inside(box[name], ranges[name]) for name in box)


def _inside(box: Parameter, inner: Parameter) -> bool:
    if isinstance(inner, CategoricalParameter):
        return all(contains(box, choice) for choice in inner.choices)
    return contains(box, inner.low) and contains(box, inner.high)
