"""Curves of several trials, of one job or of several, in one plane with a legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.drawing.frames import TRAINING_DASH, frame, legend, line, shortened, style, width_of
from hpsearch.drawing.marks import param
from hpsearch.drawing.scales import Axis
from hpsearch.drawing.shapes import SERIES, Drawing, Shape, Text, drawing
from hpsearch.spec.space import Value

MOST = 12  # curves: more cannot be told apart
WIDTH, HEIGHT = 560.0, 420.0
LEFT, TOP, BOTTOM = 64.0, 44.0, 52.0
LETTERS = 44  # of a name in the legend


@dataclass(frozen=True)
class Curve:
    """points: epochs and values, at least one. training: accuracy on training images."""

    name: str
    points: tuple[tuple[float, float], ...]
    training: tuple[tuple[float, float], ...] = ()


def compared(curves: Sequence[Curve], measure: str) -> Drawing:
    """The first MOST curves. measure: what the values are, in words.

    Accuracies on training images are dashed, as long as there are so few curves that no other is.
    """
    shown = [curve for curve in curves if curve.points][:MOST]
    names = [shortened(curve.name, LETTERS) for curve in shown]
    dashed = [curve.training if len(shown) <= len(SERIES) else () for curve in shown]
    values = [value for curve in shown for _, value in curve.points]
    values += [value for points in dashed for _, value in points]
    low, high = min(values, default=0.0), max(values, default=1.0)
    gap = (high - low) * 0.04 or 0.05
    epochs = max((epoch for curve in shown for epoch, _ in curve.points), default=1.0)
    x = Axis("epochs", 0.0, epochs, LEFT, WIDTH - 10)
    y = Axis(f"{measure}, validation part", low - gap, high + gap, HEIGHT - BOTTOM, TOP)
    head = f"{measure} against epochs"
    if any(dashed):
        head += " (dashed: accuracy on training images)"
    shapes: list[Shape] = [Text(LEFT, 26, head, 15), *frame(x, y)]
    for place, curve in enumerate(shown):
        colour, dash = style(place)
        shapes += line(dashed[place], x, y, colour, 1.4, TRAINING_DASH)
        shapes += line(curve.points, x, y, colour, 2.0, dash)
    shapes += legend(names, WIDTH + 6, TOP + 8)
    title = f"{head}: {', '.join(names) or 'no trial has reported yet'}"
    return drawing(WIDTH + 50 + max(100.0, width_of(names)), HEIGHT, title, shapes)


def differing(params: Sequence[Mapping[str, Value]]) -> list[str]:
    """Names for trials by what tells them apart: the parameters that are not the same in all."""
    names = sorted({name for each in params for name in each})
    names = [name for name in names if len({str(each.get(name)) for each in params}) > 1]
    if len(names) == 1:
        return [param(each.get(names[0])) for each in params]
    return [
        ", ".join(f"{name} {param(each[name])}" for name in names if name in each)
        for each in params
    ]
