"""Images and their labels, as values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled images.

    images: (count, channels, height, width), uint8 0..255 or float32. labels: (count,), int64,
    0 to classes - 1.
    """

    images: Images
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as it lies in the catalogue. The search never reads `test`."""

    name: str
    training: Part
    test: Part
    classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.training.images.shape
        return channels, height, width

    @property
    def image_bytes(self) -> int:
        """Memory that all images take."""
        return self.training.images.nbytes + self.test.images.nbytes


@dataclass(frozen=True, eq=False)
class Split:
    """What workers get: a training part, and a validation part carved from the training data."""

    training: Part
    validation: Part
    classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.training.images.shape
        return channels, height, width
