"""The pictures of a job, as shapes for the templates to draw: units are those of the viewBox."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.web.marks import Mark
from api.web.scales import Axis, Tick, axis_of
from hpsearch.history import Round
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Parameter, Value

WIDTH, HEIGHT = 640.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 14.0, 46.0
MOST_LINES = 600
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
    """path: the `d` of an SVG path. x, y: where it ends."""

    mark: Mark
    path: str
    x: float
    y: float


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
class BestSoFar:
    x: Axis
    y: Axis
    paths: list[tuple[str, str]]
    """Names and paths, one for each search."""
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


def best_so_far(searches: Mapping[str, Sequence[Mark]], objective: Objective) -> BestSoFar:
    """The best complete trial against epochs spent by all trials before it, and it."""
    steps = {name: _steps(marks, objective) for name, marks in searches.items()}
    x, y = _axes(
        "epochs spent",
        f"best {objective.words}",
        [spent for found in steps.values() for spent, _, _ in found],
        [value for found in steps.values() for _, value, _ in found],
    )
    ends = {
        name: max((spent for spent, _, _ in found), default=0.0) for name, found in steps.items()
    }
    paths = [(name, _stairs(found, x, y, ends[name])) for name, found in steps.items()]
    dots = [
        Dot(mark, x.at(spent) or 0.0, y.at(value) or 0.0)
        for found in steps.values()
        for spent, value, mark in found
        if mark is not None
    ]
    return BestSoFar(x, y, paths, dots)


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


def _steps(marks: Sequence[Mark], objective: Objective) -> list[tuple[float, float, Mark | None]]:
    """Epochs spent, the best value by then, and the trial that improved it; ends with now."""
    spent, best = 0.0, -math.inf
    found: list[tuple[float, float, Mark | None]] = []
    for mark in marks:
        spent += mark.epochs
        if mark.kind == "complete" and mark.upward > best and mark.value is not None:
            best = mark.upward
            found.append((spent, mark.value, mark))
    if found:
        found.append((spent, objective.upward(best), None))
    return found


def _stairs(steps: Sequence[tuple[float, float, Mark | None]], x: Axis, y: Axis, end: float) -> str:
    path = ""
    for spent, value, _ in steps:
        path += f"H{x.at(spent)}V{y.at(value)}" if path else f"M{x.at(spent)} {y.at(value)}"
    return f"{path}H{x.at(end)}" if path else ""


def _line(mark: Mark, points: Sequence[tuple[float | None, float | None]]) -> Line:
    there = [(a, b) for a, b in points if a is not None and b is not None]
    path = "L".join(f"{a:g} {b:g}" for a, b in there)
    return Line(mark, f"M{path}", *(there[-1] if there else (0.0, 0.0)))


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
