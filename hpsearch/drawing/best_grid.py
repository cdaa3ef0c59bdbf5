"""The best trials as a grid of small panels: how each one learned.

After Saitoh, "Deep Learning from Scratch" (2016), figure 6-24 of its chapter on hyperparameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hpsearch.drawing.frames import TRAINING_DASH, frame, line, shortened
from hpsearch.drawing.marks import Mark, param
from hpsearch.drawing.scales import Axis
from hpsearch.drawing.shapes import INK, SERIES, Anchor, Circle, Drawing, Shape, Text, drawing
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value

COLUMNS, MOST = 5, 20
PANEL_WIDTH, PANEL_HEIGHT = 190.0, 176.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 10.0, 48.0, 24.0
MARGIN, HEAD = 10.0, 40.0
SHOWN = 2  # parameters over each panel
FIRST = ("learning_rate", "weight_decay")
SHORT = {"learning_rate": "lr", "weight_decay": "wd"}


def best_grid(marks: Sequence[Mark], objective: Objective, name: str) -> Drawing:
    """At most MOST trials, complete ones first, the best at the top left; all on the same axes.

    The curves are those of the objective on the validation part; dashed, where it was recorded and
    the objective is a share as well, the accuracy on training images.
    """
    if objective is Objective.LOSS:
        marks = [replace(mark, training=()) for mark in marks]
    chosen = sorted((m for m in marks if m.curve), key=_rank)[:MOST]
    rows = max(1, -(-len(chosen) // COLUMNS))
    values = [value for mark in chosen for _, value in mark.curve]
    epochs = max((epoch for mark in chosen for epoch, _ in mark.curve), default=1.0)
    span = (0.0, 1.0 if objective is not Objective.LOSS else max(values, default=1.0))
    head = f"{name}: {objective.words} on the validation part against epochs"
    if any(mark.training for mark in chosen):
        head += " (dashed: accuracy on training images)"
    shapes: list[Shape] = [Text(MARGIN, 25, shortened(head, 120), 15)]
    for place, mark in enumerate(chosen):
        left = MARGIN + place % COLUMNS * PANEL_WIDTH
        top = HEAD + place // COLUMNS * PANEL_HEIGHT
        shapes += _panel(mark, place + 1, (left, top), epochs, span)
    if not chosen:
        shapes.append(Text(MARGIN, HEAD + 30, "no trial has reported yet", 13))
    width = 2 * MARGIN + COLUMNS * PANEL_WIDTH
    title = f"{head}, the best {len(chosen)} trials, each in a panel"
    return drawing(width, HEAD + rows * PANEL_HEIGHT + MARGIN, title, shapes)


def _panel(
    mark: Mark, rank: int, corner: tuple[float, float], epochs: float, span: tuple[float, float]
) -> list[Shape]:
    left, top = corner
    x = Axis("", 0.0, epochs, left + LEFT, left + PANEL_WIDTH - RIGHT)
    y = Axis("", *span, top + PANEL_HEIGHT - BOTTOM, top + TOP)
    middle = (x.start + x.end) / 2
    ends = (x.at(mark.curve[-1][0]), y.at(mark.curve[-1][1]))
    return [
        *frame(x, y, 9.0, labelled=False),
        Text(middle, top + 16, f"Best-{rank} (trial {mark.number})", 12, Anchor.MIDDLE),
        *(
            Text(middle, top + 29 + 11 * row, words, 9.5, Anchor.MIDDLE, INK)
            for row, words in enumerate(_told(mark.params))
        ),
        *line(mark.training, x, y, SERIES[1], dash=TRAINING_DASH),
        *line(mark.curve, x, y, SERIES[0]),
        Circle(ends[0] or 0.0, ends[1] or 0.0, 2.5, SERIES[0]),
    ]


def _told(params: Mapping[str, Value]) -> list[str]:
    """The learning rate and the weight decay, or whatever else was searched."""
    names = [name for name in FIRST if name in params]
    names += [name for name in params if name not in names]
    return [
        shortened(f"{SHORT.get(name, name)} {param(params[name])}", 34) for name in names[:SHOWN]
    ]


def _rank(mark: Mark) -> tuple[bool, float, int]:
    return mark.kind != "complete", -mark.upward, mark.number
