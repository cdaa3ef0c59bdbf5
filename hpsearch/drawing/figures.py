"""The pictures of the job page as drawings of their own."""

from collections.abc import Mapping, Sequence

from hpsearch.drawing.frames import across, frame, shortened
from hpsearch.drawing.pictures import (
    HEIGHT,
    LEFT,
    WIDTH,
    BestSoFar,
    Curves,
    Dot,
    Scatter,
)
from hpsearch.drawing.scales import Axis, axis_of
from hpsearch.drawing.shapes import (
    FAINT,
    SERIES,
    Anchor,
    Circle,
    Drawing,
    Polyline,
    Rectangle,
    Shape,
    Text,
    drawing,
)
from hpsearch.history import Round
from hpsearch.spec.space import CategoricalParameter, Parameter

CROSS = 3.5  # half the side of the mark of a trial that diverged
BAR, ROW, HEAD = 12.0, 22.0, 46.0
NAMES = 120.0  # pixels for the names of parameters


def search_figure(shown: Scatter, measure: str) -> Drawing:
    """Two parameters against each other, coloured by value, with the boxes of the rounds."""
    title = f"{shown.x.label} against {shown.y.label}: {len(shown.dots)} trials by {measure}"
    shapes: list[Shape] = frame(shown.x, shown.y)
    for box in shown.boxes:
        if box.round:
            shapes.append(Rectangle(box.x, box.y, box.width, box.height, None, FAINT))
            shapes.append(Text(box.x + 5, box.y + 14, f"round {box.round + 1}", 11, colour=FAINT))
    for dot in shown.dots:
        shapes += _mark(dot)
    return drawing(WIDTH, HEIGHT, title, shapes)


def curves_figure(shown: Curves) -> Drawing:
    """The value of each trial while it trained; the best lie on top."""
    title = f"{shown.y.label} against epochs, {len(shown.lines)} trials"
    shapes: list[Shape] = frame(shown.x, shown.y)
    for curve in shown.lines:
        if curve.points:
            shapes.append(Polyline(curve.points, curve.mark.colour, 2.4 if curve.mark.best else 1))
            shapes.append(Circle(curve.x, curve.y, 2.6, curve.mark.colour))
    return drawing(WIDTH, HEIGHT, title, shapes)


def best_so_far_figure(shown: BestSoFar) -> Drawing:
    """The best complete trial against epochs spent by all trials before it."""
    shapes: list[Shape] = frame(shown.x, shown.y)
    for place, stairs in enumerate(shown.stairs):
        if stairs.points:
            shapes.append(Polyline(tuple(stairs.points), SERIES[place % len(SERIES)], 2))
    for dot in shown.dots:
        shapes += _mark(dot)
    return drawing(WIDTH, HEIGHT, f"{shown.y.label} against epochs spent", shapes)


def rounds_figure(rounds: Sequence[Round], space: Mapping[str, Parameter]) -> Drawing:
    """The ranges that each round sampled from, as bars: from coarse to fine."""
    numeric = {
        name: parameter
        for name, parameter in space.items()
        if not isinstance(parameter, CategoricalParameter)
    }
    tall = ROW * max(1, len(rounds)) + 44
    shapes: list[Shape] = [Text(10, 26, "ranges by round, from coarse to fine", 15)]
    for place, (name, parameter) in enumerate(numeric.items()):
        x = axis_of(name, parameter, LEFT + NAMES, WIDTH - 30)
        y = Axis("", 0, 1, HEAD + place * tall + ROW * len(rounds), HEAD + place * tall)
        shapes += across(x, y)
        shapes.append(Text(10, (y.start + y.end) / 2 + 4, shortened(name, 18), 13))
        for row, found in enumerate(rounds):
            shapes += _bar(found, found.ranges.get(name), x, y.end + row * ROW)
    title = f"ranges of {', '.join(numeric) or 'no parameter'} in {len(rounds)} rounds"
    return drawing(WIDTH, HEAD + max(1, len(numeric)) * tall, title, shapes)


def _bar(found: Round, parameter: Parameter | None, x: Axis, top: float) -> list[Shape]:
    if parameter is None or isinstance(parameter, CategoricalParameter):
        return []
    low, high = x.at(parameter.low) or x.start, x.at(parameter.high) or x.start
    inner = top + (ROW - BAR) / 2
    label = Text(x.start - 8, inner + BAR - 2, f"{found.index + 1}", 11, Anchor.END, FAINT)
    return [label, Rectangle(low, inner, max(1.0, high - low), BAR, SERIES[0])]


def _mark(dot: Dot) -> list[Shape]:
    """A dot, small for a pruned trial and larger for the best; a cross for one that diverged."""
    colour = dot.mark.colour
    if dot.mark.kind == "diverged":
        ends = ((-CROSS, -CROSS, CROSS, CROSS), (-CROSS, CROSS, CROSS, -CROSS))
        return [
            Polyline(((dot.x + a, dot.y + b), (dot.x + c, dot.y + d)), colour, 1.2)
            for a, b, c, d in ends
        ]
    size = 6.5 if dot.mark.best else 2.4 if dot.mark.kind == "pruned" else 4.2
    return [Circle(dot.x, dot.y, size, colour)]
