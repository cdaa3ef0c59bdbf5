"""Images and their labels, as values."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
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

    @cached_property
    def sha256(self) -> str:
        """Of the images and labels: their bytes, shapes and kinds; in hexadecimal."""
        return sha256_of(self.images, self.labels)


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

    @cached_property
    def sha256(self) -> str:
        """Of both parts and the number of classes, in hexadecimal; the name does not count."""
        parts = f"{self.training.sha256} {self.test.sha256} {self.classes}"
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """What workers get: a training part, and a validation part carved from the training data.

    indices_sha256: of the places of their images in the training data, in hexadecimal; empty where
    the parts were not carved from one.
    """

    training: Part
    validation: Part
    classes: int
    indices_sha256: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.training.images.shape
        return channels, height, width

    @property
    def image_bytes(self) -> int:
        """Memory that the images of both parts take."""
        return self.training.images.nbytes + self.validation.images.nbytes


def sha256_of(*arrays: Array) -> str:
    """SHA-256, in hexadecimal, of arrays: their kinds, shapes and bytes in little-endian order."""
    found = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        found.update(f"{little.dtype.str}{little.shape}".encode())
        found.update(little.data)
    return found.hexdigest()
