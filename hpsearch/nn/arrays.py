"""Names for arrays and shapes, and the workspaces that layers keep.

Images inside a network lie as (height, channels, width, batch), features as (features, batch);
docs/networks.md says why. Shapes that people see are (channels, height, width) or (features,).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
MaskArray = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
Shape = tuple[int, ...]
Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class Buffer:
    """An array that a layer needs: numbers, or bytes where it is a mask.

    One with an initial value holds it when it is handed out anew with a batch size.
    """

    shape: Shape
    mask: bool = False
    initial: float | None = None

    def bytes(self, itemsize: int) -> int:
        """Memory it takes, for numbers of `itemsize` bytes."""
        return int(np.prod(self.shape, dtype=object)) * (1 if self.mask else itemsize)


class Arrays(dict[str, npt.NDArray[Any]]):
    """The arrays of one layer for one batch size, and what is worked out from them once."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        super().__init__(arrays)
        self._prepared: dict[str, Any] = {}

    def once(self, name: str, prepare: Callable[[], Prepared]) -> Prepared:
        """What `prepare` gave when it was asked for this name first: views, mostly.

        Making views takes as long as a small operation on them, and every step needs the same.
        """
        if name not in self._prepared:
            self._prepared[name] = prepare()
        prepared: Prepared = self._prepared[name]
        return prepared


class Workspace:
    """The arrays of one layer, kept between steps.

    The memory is that of the largest batch so far; a smaller batch gets views of its front.
    """

    def __init__(self, declare: Callable[[int], Mapping[str, Buffer]]) -> None:
        self._declare = declare
        self._memory: dict[str, npt.NDArray[Any]] = {}
        self._views: dict[int, Arrays] = {}
        self._batch = -1
        self._current = Arrays({})

    def at(self, batch: int, dtype: npt.DTypeLike) -> Arrays:
        """The arrays for a batch of this size."""
        if batch != self._batch:
            self._current = self._switch(batch, np.dtype(dtype))
            self._batch = batch
        return self._current

    def _switch(self, batch: int, dtype: np.dtype[Any]) -> Arrays:
        buffers = self._declare(batch)
        for name, buffer in buffers.items():
            size = int(np.prod(buffer.shape))
            if name not in self._memory or self._memory[name].size < size:
                self._memory[name] = np.empty(size, np.bool_ if buffer.mask else dtype)
                self._views.clear()
        if batch not in self._views:
            self._views[batch] = Arrays(
                {
                    name: self._memory[name][: int(np.prod(buffer.shape))].reshape(buffer.shape)
                    for name, buffer in buffers.items()
                }
            )
        views = self._views[batch]
        for name, buffer in buffers.items():
            if buffer.initial is not None:
                views[name].fill(buffer.initial)
        return views
