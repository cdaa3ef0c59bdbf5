"""The pictures of a job, as shapes for the templates to draw: units are those of the viewBox."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.drawing.marks import Mark
from hpsearch.drawing.scales import Axis, Tick, axis_of
from hpsearch.history import Round
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Parameter, Value
from hpsearch.trial import TrialCost

WIDTH, HEIGHT = 640.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 20.0, 14.0, 46.0
Point = tuple[float, float]

MOST_LINES = 300
"""Curves in one picture: more cannot be told apart, and cost time."""


@dataclass(frozen=True)
class Dot:
    mark: Mark
    x: float
    y: float


@dataclass(frozen=True)
class Box:
    round: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """points: at least one where anything of the trial has a place in the picture."""

    mark: Mark
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """The `d` of an SVG path."""
        return path_of(self.points)

    @property
    def x(self) -> float:
        """Where it ends; 0 without points, as y."""
        return self.points[-1][0] if self.points else 0.0

    @property
    def y(self) -> float:
        return self.points[-1][1] if self.points else 0.0


@dataclass(frozen=True)
class Scatter:
    x: Axis
    y: Axis
    dots: list[Dot]
    boxes: list[Box]


@dataclass(frozen=True)
class Curves:
    x: Axis
    y: Axis
    lines: list[Line]


@dataclass(frozen=True)
class Stairs:
    """Of one search. values: epochs spent and the best value, at each step and at the end.

    trials: those that made the steps, by number. points: of the picture, with the corners.
    """

    name: str
    values: list[tuple[float, float]]
    trials: list[int]
    points: list[Point]

    @property
    def path(self) -> str:
        """The `d` of an SVG path."""
        return path_of(self.points)


@dataclass(frozen=True)
class BestSoFar:
    x: Axis
    y: Axis
    stairs: list[Stairs]
    """One for each search."""
    dots: list[Dot]


@dataclass(frozen=True)
class Parallel:
    axes: list[tuple[float, str, list[Tick]]]
    lines: list[Line]


def scatter(
    marks: Sequence[Mark],
    rounds: Sequence[Round],
    space: Mapping[str, Parameter],
    names: tuple[str, str],
) -> Scatter:
    """Two parameters against each other, with the boxes that rounds sampled from."""
    x = axis_of(names[0], space[names[0]], LEFT, WIDTH - RIGHT)
    y = axis_of(names[1], space[names[1]], HEIGHT - BOTTOM, TOP)
    dots = []
    for mark in sorted(marks, key=lambda mark: mark.upward):
        place = x.at(mark.params.get(x.label)), y.at(mark.params.get(y.label))
        if place[0] is not None and place[1] is not None:
            dots.append(Dot(mark, place[0], place[1]))
    return Scatter(x, y, dots, [box for found in rounds if (box := _box(found, x, y))])


def plane(
    by_importance: Sequence[str], x: str | None = None, y: str | None = None
) -> tuple[str, str] | None:
    """The parameters of `scatter`: x and y, or the two that matter most; None of fewer than two."""
    chosen = [name for name in (x, y) if name is not None and name in by_importance]
    if len(chosen) == 2:
        return chosen[0], chosen[1]
    if len(by_importance) < 2:
        return None
    first, second = by_importance[:2]
    # The learning rate lies along the bottom, as people draw it.
    return (second, first) if second == "learning_rate" else (first, second)


def curves(marks: Sequence[Mark], objective: Objective) -> Curves:
    """The value of each trial while it trained; the best lie on top."""
    chosen = sorted((m for m in marks if m.curve), key=lambda mark: mark.upward)[-MOST_LINES:]
    x, y = _axes(
        "epochs of the trial",
        objective.words,
        [epoch for mark in chosen for epoch, _ in mark.curve],
        [value for mark in chosen for _, value in mark.curve],
    )
    lines = [_line(mark, [(x.at(a), y.at(b)) for a, b in mark.curve]) for mark in chosen]
    return Curves(x, y, lines)


def best_so_far(
    searches: Mapping[str, Sequence[TrialCost]], objective: Objective, marks: Mapping[int, Mark]
) -> BestSoFar:
    """The best complete trial against epochs spent by all trials before it.

    marks: by number, of the trials that are drawn as dots where they improved on the others.
    """
    stairs = {name: _stairs_of(steps, objective) for name, steps in searches.items()}
    spent = {name: sum(step.epochs for step in steps) for name, steps in searches.items()}
    x, y = _axes(
        "epochs spent",
        f"best {objective.words}",
        [*spent.values()],
        [value for found in stairs.values() for _, value, _ in found],
    )
    lines = [_stairs(name, found, x, y, spent[name]) for name, found in stairs.items()]
    dots = [
        Dot(marks[number], x.at(epochs) or 0.0, y.at(value) or 0.0)
        for found in stairs.values()
        for epochs, value, number in found
        if number in marks
    ]
    return BestSoFar(x, y, lines, dots)


def parallel(
    marks: Sequence[Mark], space: Mapping[str, Parameter], objective: Objective
) -> Parallel:
    """All parameters beside each other, and the value: a line for each trial."""
    chosen = sorted((m for m in marks if m.value is not None), key=lambda mark: mark.upward)
    chosen = chosen[-MOST_LINES:]
    low, high = _padded([m.value for m in chosen if m.value is not None])
    axes = [axis_of(name, space[name], HEIGHT - 34, 40) for name in space]
    axes.append(Axis(objective.words, low, high, HEIGHT - 34, 40))
    places = [40 + index * (WIDTH - 110) / (len(axes) - 1) for index in range(len(axes))]
    lines = []
    for mark in chosen:
        values: list[Value] = [*(mark.params.get(name) for name in space), mark.value]
        points = [
            (place, axis.at(value)) for place, axis, value in zip(places, axes, values, strict=True)
        ]
        lines.append(_line(mark, points))
    shown = zip(places, axes, strict=True)
    return Parallel([(place, axis.label, axis.ticks) for place, axis in shown], lines)


def _stairs_of(steps: Sequence[TrialCost], objective: Objective) -> list[tuple[float, float, int]]:
    """Epochs spent, the value, and the trial, each time that a better one was found."""
    spent, best = 0.0, -math.inf
    found: list[tuple[float, float, int]] = []
    for step in steps:
        spent += step.epochs
        if step.value is not None and objective.upward(step.value) > best:
            best = objective.upward(step.value)
            found.append((spent, step.value, step.number))
    return found


def _stairs(
    name: str, found: Sequence[tuple[float, float, int]], x: Axis, y: Axis, end: float
) -> Stairs:
    values = [(spent, value) for spent, value, _ in found]
    values += [(end, value) for _, value in values[-1:]]
    points: list[Point] = []
    for spent, value in values:
        across, up = x.at(spent) or 0.0, y.at(value) or 0.0
        if points:
            points.append((across, points[-1][1]))
        points.append((across, up))
    return Stairs(name, values, [number for *_, number in found], points)


def numbers(points: Sequence[tuple[float, float]]) -> str:
    """What scripts read of a line: its values, not where they are drawn."""
    return " ".join(f"{x:.6g} {y:.6g}" for x, y in points)


def path_of(points: Sequence[Point]) -> str:
    """The `d` of an SVG path along these points; empty without any."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""


def _line(mark: Mark, points: Sequence[tuple[float | None, float | None]]) -> Line:
    return Line(mark, tuple((a, b) for a, b in points if a is not None and b is not None))


def _box(found: Round, x: Axis, y: Axis) -> Box | None:
    across, up = _edges(found.ranges.get(x.label), x), _edges(found.ranges.get(y.label), y)
    if across is None or up is None:
        return None
    (left, right), (bottom, top) = across, up
    return Box(found.index, left, top, round(right - left, 1), round(bottom - top, 1))


def _edges(parameter: Parameter | None, axis: Axis) -> tuple[float, float] | None:
    if parameter is None:
        return None
    if isinstance(parameter, CategoricalParameter):
        return axis.start, axis.end
    low, high = axis.at(parameter.low), axis.at(parameter.high)
    return None if low is None or high is None else (low, high)


def _axes(across: str, up: str, xs: Sequence[float], ys: Sequence[float]) -> tuple[Axis, Axis]:
    low, high = _padded(ys)
    x = Axis(across, 0.0, max(xs, default=1.0) or 1.0, LEFT, WIDTH - RIGHT)
    return x, Axis(up, low, high, HEIGHT - BOTTOM, TOP)


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    gap = (high - low) * 0.04 or 0.05
    return low - gap, high + gap
