"""The pictures of a network, each with what it shows in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.datasets.values import Split
from hpsearch.inside.drawing import (
    confusion_sheet,
    grey_tiles,
    histograms_sheet,
    image_tile,
    mistakes_sheet,
    png,
    side_by_side,
    signed_tiles,
)
from hpsearch.inside.measures import Counts, Measured, measure
from hpsearch.training.leg import LegTask, TrainState

MOST_CLASSES = 20  # in the confusion matrix


@dataclass(frozen=True)
class Picture:
    """name: of letters and hyphens. words: what is to be seen, for whoever cannot see it."""

    name: str
    title: str
    words: str
    content: bytes

    @property
    def width(self) -> int:
        """Pixels, as the head of the file says."""
        return int.from_bytes(self.content[16:20], "big")

    @property
    def height(self) -> int:
        """Pixels."""
        return int.from_bytes(self.content[20:24], "big")


def pictures_of(
    task: LegTask, data: Split, state: TrainState, class_names: Sequence[str] = ()
) -> tuple[Picture, ...]:
    """Of the network that `task` trained to `state`; class_names: empty if they are numbers."""
    names = list(class_names) or [str(number) for number in range(data.classes)]
    return tuple(_pictures(measure(task, data, state), [name[:24] for name in names]))


def _pictures(found: Measured, names: Sequence[str]) -> Iterator[Picture]:
    if found.filters_before is not None and found.filters_after is not None:
        groups = [signed_tiles(found.filters_before), signed_tiles(found.filters_after)]
        what = "filters" if found.convolution else "units"
        yield Picture(
            "filters",
            f"The first layer's {what}, before and after training",
            f"The weights of {len(groups[0])} {what}. Before training they are noise; after it "
            "they show what is looked for, edges and blobs for example. Orange is above 0, blue "
            "below; where images have three colours, the weights are shown in them.",
            png(side_by_side(["before training", "after training"], groups)),
        )
    if found.maps is not None:
        groups = [[image_tile(found.example)], grey_tiles(found.maps)]
        yield Picture(
            "feature-maps",
            "What the first filters find in an image",
            f"The first image of the validation part, and where each of {len(found.maps)} filters "
            "finds what it looks for: the brighter, the more of it.",
            png(side_by_side(["image", "after the first convolution and ReLU"], groups)),
        )
    yield _confusion(found.confusion, names)
    if found.mistakes:
        worst = found.mistakes[0]
        yield Picture(
            "mistakes",
            "The worst mistakes",
            f"The {len(found.mistakes)} validation images that the network got wrong and was "
            f"surest of. The first is {names[worst.label]}, taken for "
            f"{names[worst.answer]}, {worst.probability:.0%} sure.",
            png(mistakes_sheet(found.mistakes, names)),
        )
    if found.before and found.after:
        yield Picture(
            "activations",
            "Activations by layer, before and after training",
            "How the outputs of each layer are distributed. Where all lie at 0, or at the ends, "
            "the layer hardly tells images apart: the initializer or the rate does not suit.",
            png(
                histograms_sheet(["before training", "after training"], [found.before, found.after])
            ),
        )


def _confusion(confusion: Counts, names: Sequence[str]) -> Picture:
    wrong = confusion - np.diag(np.diag(confusion))
    per_class = wrong.sum(axis=1) + wrong.sum(axis=0)
    shown = np.sort(np.argsort(-per_class, kind="stable")[:MOST_CLASSES])
    label, answer = np.unravel_index(int(wrong.argmax()), wrong.shape)
    right, images = int(np.trace(confusion)), int(confusion.sum())
    words = f"{right:,} of {images:,} validation images are classified right. "
    if wrong.any():
        words += (
            f"Most often, {wrong[label, answer]} times, {names[int(label)]} is taken for "
            f"{names[int(answer)]}."
        )
    if len(shown) < len(confusion):
        words += f" Shown are the {len(shown)} classes with the most mistakes."
    return Picture(
        "confusion",
        "Which class is taken for which",
        words.strip(),
        png(confusion_sheet(confusion[np.ix_(shown, shown)], [names[each] for each in shown])),
    )
