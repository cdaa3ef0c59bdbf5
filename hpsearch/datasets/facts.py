"""What is known of a data set without its images."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Facts:
    """shape: channels, height, width. training, test: images. understood: sentences for people.

    class_names is empty if classes are just numbers. training_counts, test_counts: images of
    each class. pixels: what a pixel is. All but the first four may be missing (empty or None) in
    records of earlier versions.
    """

    classes: int
    shape: tuple[int, int, int]
    training: int
    test: int
    pixels: Literal["bytes", "floats"] | None = None
    class_names: tuple[str, ...] = ()
    training_counts: tuple[int, ...] = ()
    test_counts: tuple[int, ...] = ()
    understood: tuple[str, ...] = ()

    @property
    def image_bytes(self) -> int:
        """Memory that all images take."""
        channels, height, width = self.shape
        size = 4 if self.pixels == "floats" else 1
        return (self.training + self.test) * channels * height * width * size

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> "Facts":
        """Fields that this version does not know are left out. Raises TypeError, KeyError."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in facts.items()
            if name in known
        }
        return cls(**given)


def counts(labels: npt.NDArray[np.int64], classes: int) -> tuple[int, ...]:
    """Images of each class."""
    return tuple(np.bincount(labels, minlength=classes).tolist())
