"""Axes with their ticks, lines in a plane, and legends: what all pictures have in common."""

from collections.abc import Sequence

from hpsearch.drawing.scales import Axis, Tick
from hpsearch.drawing.shapes import (
    FAINT,
    INK,
    RULE,
    SERIES,
    Anchor,
    Polyline,
    Rectangle,
    Shape,
    Text,
)

TRAINING_DASH = (5.0, 4.0)
"""Of the accuracy on training images, as the book draws it."""
DASHES = (None, (6.0, 3.0), (2.0, 2.0))
CLOSE = 34.0  # pixels between the numbers of two ticks, at least
LETTER = 0.56  # of a text's size: the width of a letter, about


def style(place: int) -> tuple[str, tuple[float, float] | None]:
    """Colour and dash of a series: also told apart in grey, and where the colours come again."""
    return SERIES[place % len(SERIES)], DASHES[(place // len(SERIES)) % len(DASHES)]


def frame(x: Axis, y: Axis, size: float = 12.0, labelled: bool = True) -> list[Shape]:
    """The rules and numbers of both axes and, if labelled, what they measure."""
    shapes = across(x, y, size)
    for tick in y.ticks:
        shapes.append(Polyline(((x.start, tick.at), (x.end, tick.at)), RULE, 1))
        shapes.append(Text(x.start - 6, tick.at + size / 3, tick.text, size, Anchor.END, FAINT))
    if labelled:
        middle = ((x.start + x.end) / 2, (y.start + y.end) / 2)
        shapes.append(Text(middle[0], y.start + 2.9 * size, x.label, size + 1, Anchor.MIDDLE))
        shapes.append(
            Text(x.start - 3.6 * size, middle[1], y.label, size + 1, Anchor.MIDDLE, INK, True)
        )
    return shapes


def across(x: Axis, y: Axis, size: float = 12.0) -> list[Shape]:
    """The border, and the rules and numbers of the axis along the bottom alone."""
    shapes: list[Shape] = []
    for tick in _apart(x.ticks):
        shapes.append(Polyline(((tick.at, y.end), (tick.at, y.start)), RULE, 1))
        shapes.append(Text(tick.at, y.start + size + 4, tick.text, size, Anchor.MIDDLE, FAINT))
    border = Rectangle(x.start, y.end, x.end - x.start, y.start - y.end, None, "#9aa5b1")
    return [*shapes, border]


def line(
    points: Sequence[tuple[float, float]],
    x: Axis,
    y: Axis,
    colour: str,
    width: float = 1.8,
    dash: tuple[float, float] | None = None,
) -> list[Shape]:
    """A line through values; nothing where none of them has a place on the axes."""
    places = [(x.at(across), y.at(up)) for across, up in points]
    there = tuple((a, b) for a, b in places if a is not None and b is not None)
    return [Polyline(there, colour, width, dash)] if there else []


def legend(names: Sequence[str], left: float, top: float, size: float = 12.0) -> list[Shape]:
    """A row for each name, beside a piece of its line."""
    shapes: list[Shape] = []
    for place, name in enumerate(names):
        colour, dash = style(place)
        y = top + place * size * 1.5
        shapes.append(Polyline(((left, y), (left + 24, y)), colour, 2, dash))
        shapes.append(Text(left + 30, y + size / 3, name, size))
    return shapes


def width_of(texts: Sequence[str], size: float = 12.0) -> float:
    """The width of the longest of these, about."""
    return max((len(text) for text in texts), default=0) * size * LETTER


def shortened(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _apart(ticks: Sequence[Tick]) -> list[Tick]:
    """Those whose numbers do not run into each other."""
    found: list[Tick] = []
    for tick in ticks:
        if not found or abs(tick.at - found[-1].at) >= CLOSE:
            found.append(tick)
    return found
