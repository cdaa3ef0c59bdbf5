"""From four arrays to a data set: what images and labels must be like."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Dataset, Images, Part
from hpsearch.errors import DatasetError

Array = npt.NDArray[Any]

MAX_SIDE = 1024  # pixels
MAX_CHANNELS = 4
MAX_CLASSES = 1000


def to_dataset(name: str, arrays: Mapping[str, Array]) -> Dataset:
    """A data set of `x_train`, `y_train`, `x_test` and `y_test`; raises DatasetError.

    Images are grey (count, height, width) or colour (count, height, width, channels): bytes, whole
    numbers 0 to 255, or floats, which are kept as they are. Labels are whole numbers from 0, and
    every class has a training image.
    """
    training = _part("train", arrays["x_train"], arrays["y_train"])
    test = _part("test", arrays["x_test"], arrays["y_test"])
    if training.images.shape[1:] != test.images.shape[1:]:
        raise DatasetError(
            f"images of x_test are {_shape(test)} (channels, height, width), "
            f"those of x_train {_shape(training)}"
        )
    if training.images.dtype != test.images.dtype:
        raise DatasetError(
            f"x_test holds {test.images.dtype}, x_train {training.images.dtype}: one kind is needed"
        )
    return Dataset(name, training, test, classes=_classes(training.labels, test.labels))


def _part(which: str, images: Array, labels: Array) -> Part:
    part = Part(_images(f"x_{which}", images), _labels(f"y_{which}", labels))
    if len(part.images) != len(part.labels):
        raise DatasetError(
            f"x_{which} has {len(part.images)} images, y_{which} {len(part.labels)} labels"
        )
    part.images.setflags(write=False)
    part.labels.setflags(write=False)
    return part


def _images(name: str, images: Array) -> Images:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or not 1 <= images.shape[3] <= MAX_CHANNELS:
        raise DatasetError(
            f"{name} must be (count, height, width) or (count, height, width, channels) "
            f"with 1 to {MAX_CHANNELS} channels, it is {images.shape}"
        )
    count, height, width, _ = images.shape
    if not (count and 1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise DatasetError(
            f"{name} must hold images of 1 to {MAX_SIDE} pixels a side, it is {images.shape}"
        )
    pixels: Images = _pixels(name, images)
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.uint8)
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)


def _pixels(name: str, images: Array) -> Images:
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind in "iu":
        if images.min() < 0 or images.max() > 255:
            raise DatasetError(f"whole numbers in {name} must be 0 to 255")
        return images.astype(np.uint8)
    if images.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows is refused just below
            pixels = images.astype(np.float32)
        if not np.isfinite(pixels).all():
            raise DatasetError(f"{name} holds numbers that are not finite")
        return pixels
    raise DatasetError(f"{name} must hold bytes or floats, it holds {images.dtype}")


def _labels(name: str, labels: Array) -> npt.NDArray[np.int64]:
    if labels.dtype.kind not in "iu":
        raise DatasetError(f"{name} must hold whole numbers, it holds {labels.dtype}")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DatasetError(f"{name} must be (count,), it is {labels.shape}")
    if labels.size and (labels.min() < 0 or labels.max() >= MAX_CLASSES):
        raise DatasetError(
            f"{name} must be 0 to {MAX_CLASSES - 1}, it is {labels.min()} to {labels.max()}"
        )
    return np.ascontiguousarray(labels, dtype=np.int64)


def _classes(training: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> int:
    classes = int(training.max()) + 1
    missing = np.flatnonzero(np.bincount(training, minlength=classes) == 0)
    if classes < 2:
        raise DatasetError("y_train has one class only, two are the least")
    if missing.size:
        raise DatasetError(
            f"y_train goes up to {classes - 1} but has no {missing[0]}: "
            "labels must be 0 to the number of classes less one"
        )
    if test.max() >= classes:
        raise DatasetError(f"y_test has a class {test.max()} that y_train does not have")
    return classes


def _shape(part: Part) -> tuple[int, ...]:
    return part.images.shape[1:]
