"""A drawing as a list of shapes, from which an SVG and a PNG file are written alike.

Units are pixels of the drawing, x to the right, y downwards. Colours are #rrggbb.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

INK = "#1f2933"
FAINT = "#52606d"
RULE = "#e4e7eb"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444")
"""After Okabe and Ito, "Color universal design" (2008): told apart by colour-blind people."""


class Anchor(StrEnum):
    """Which point of a text stands at its place; the words are those of SVG."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True)
class Polyline:
    """Needs at least one point. dash: lengths of a stroke and of a gap; none is solid."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.5
    dash: tuple[float, float] | None = None


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True)
class Rectangle:
    """fill, stroke: none where None."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None


@dataclass(frozen=True)
class Text:
    """x, y: of the anchor, on the baseline. upward: whether it is read from below."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: Anchor = Anchor.START
    colour: str = INK
    upward: bool = False


Shape = Polyline | Circle | Rectangle | Text


@dataclass(frozen=True)
class Drawing:
    """title: what it shows, in words for those who do not see it. Later shapes lie on top."""

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]


def drawing(width: float, height: float, title: str, shapes: Sequence[Shape]) -> Drawing:
    """On a white ground, so that it can be read in front of anything."""
    return Drawing(width, height, title, (Rectangle(0, 0, width, height, "#ffffff"), *shapes))
