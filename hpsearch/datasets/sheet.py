"""Pictures of a data set: a sheet of examples of each class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from hpsearch.datasets.values import Dataset, Images

Picture = npt.NDArray[np.uint8]  # (height, width, 3)

EXAMPLES = 10  # of each class
MAX_ROWS = 40  # classes that are drawn
SIDE = 48  # pixels that an example is drawn with, at least
GAP = 4  # pixels
NAME = 120  # pixels beside each row for the name of the class


def examples(dataset: Dataset, label: int, count: int = EXAMPLES) -> list[Picture]:
    """The first training images of a class, as colours."""
    chosen = np.flatnonzero(dataset.training.labels == label)[:count]
    return [_picture(image) for image in dataset.training.images[chosen]]


def _picture(image: Images) -> Picture:
    """An image (channels, height, width) as red, green and blue; floats fill the whole range."""
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = np.uint8(255 * (image - low) / max(high - low, 1e-9))  # type: ignore[assignment]  # an array
    planes = image[:3] if len(image) >= 3 else np.repeat(image[:1], 3, axis=0)
    return np.ascontiguousarray(planes.transpose(1, 2, 0), np.uint8)


def sheet(dataset: Dataset, names: Sequence[str]) -> Image.Image:
    """A row for each class (the first MAX_ROWS), its name at the left. names: by class, or none."""
    _, height, width = dataset.shape
    factor = max(1, -(-SIDE // max(height, width)))
    tall, wide = height * factor, width * factor
    rows = min(dataset.classes, MAX_ROWS)
    whole = Image.new(
        "RGB", (NAME + EXAMPLES * (wide + GAP) + GAP, rows * (tall + GAP) + GAP), "white"
    )
    draw = ImageDraw.Draw(whole)
    for label in range(rows):
        top = GAP + label * (tall + GAP)
        name = names[label] if names else str(label)
        draw.text((GAP, top), name[:18].encode("ascii", "replace").decode(), fill="black")
        for column, pixels in enumerate(examples(dataset, label)):
            example = Image.fromarray(pixels).resize((wide, tall), Image.Resampling.NEAREST)
            whole.paste(example, (NAME + GAP + column * (wide + GAP), top))
    return whole
