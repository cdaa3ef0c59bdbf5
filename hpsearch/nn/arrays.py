"""Names for arrays and shapes, and the workspaces that layers keep.

Images inside a network lie as (height, channels, width, batch), features as (features, batch);
docs/networks.md says why. Shapes that people see are (channels, height, width) or (features,).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
MaskArray = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
Shape = tuple[int, ...]
Step = Callable[[], object]
Prepared = TypeVar("Prepared")

Declare = Callable[[int], Mapping[str, "Buffer"]]  # what a layer needs for a batch of this size

LINE = 64  # bytes of a line of the cache


def add(array: FloatArray, values: FloatArray) -> Step:
    """array += values."""
    return partial(np.add, array, values, out=array)


def fill(*arrays: FloatArray) -> Iterator[Step]:
    """Set each of the arrays that is not empty to 0."""
    return (partial(array.fill, 0) for array in arrays if array.size)


@dataclass(frozen=True)
class Buffer:
    """An array that a layer needs: numbers, or bytes where it is a mask.

    One with an initial value holds it when it is handed out anew with a batch size. A scratch one
    holds nothing from one call of the layer to the next.
    """

    shape: Shape
    mask: bool = False
    initial: float | None = None
    scratch: bool = False

    def bytes(self, itemsize: int) -> int:
        """Memory it takes, for numbers of `itemsize` bytes."""
        return math.prod(self.shape) * (1 if self.mask else itemsize)


class Arrays(dict[str, npt.NDArray[Any]]):
    """The arrays of one layer for one batch size, and what is worked out from them once.

    A step of training does the same with the same arrays every time, and making views of them takes
    as long as a small operation on them. So layers prepare their work: `Step`s, calls that lack
    nothing.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        super().__init__(arrays)
        self._prepared: dict[str, Any] = {}
        self._latest: dict[str, tuple[FloatArray, Any]] = {}

    def once(self, name: str, prepare: Callable[[], Prepared]) -> Prepared:
        """What `prepare` gave when it was asked for this name first."""
        if name not in self._prepared:
            self._prepared[name] = prepare()
        prepared: Prepared = self._prepared[name]
        return prepared

    def latest(self, name: str, given: FloatArray, prepare: Callable[[], Prepared]) -> Prepared:
        """What `prepare` gave for this array from outside; asked again only for another array."""
        if name not in self._latest or self._latest[name][0] is not given:
            self._latest[name] = given, prepare()
        prepared: Prepared = self._latest[name][1]
        return prepared

    def run(self, name: str, given: FloatArray, prepare: Callable[[], Iterable[Step]]) -> None:
        """Make the steps that `prepare` gave for this array from outside."""
        for step in self.latest(name, given, lambda: list(prepare())):
            step()


class Scratch:
    """One piece of memory for the scratch of many layers, so that it stays in the cache."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)
        self._members: list[Declare] = []

    def join(self, declare: Declare) -> None:
        """Make sure that these buffers fit, too."""
        self._members.append(declare)

    def reserve(self, batch: int, itemsize: int) -> npt.NDArray[np.uint8]:
        """Memory that is large enough for each member at this batch size."""
        size = max(memory_size(declare(batch), itemsize, True) for declare in self._members)
        if size > self.memory.size:
            self.memory = _aligned(size)
        return self.memory


class Workspace:
    """The arrays of one layer, kept between steps.

    They lie in one piece of memory, that of the largest batch so far, and scratch in another; those
    of other batches are laid into the same pieces.
    """

    def __init__(self, declare: Declare) -> None:
        self._declare = declare
        self._memory = np.empty(0, np.uint8)
        self._arrays: dict[int, Arrays] = {}
        self._batch = -1
        self._current = Arrays({})
        self.share(Scratch())

    def share(self, scratch: Scratch) -> None:
        """From now on take scratch from this memory."""
        self._scratch = scratch
        scratch.join(self._declare)

    def at(self, batch: int, dtype: npt.DTypeLike) -> Arrays:
        """The arrays for a batch of this size."""
        if batch != self._batch:
            self._current = self._switch(batch, np.dtype(dtype))
            self._batch = batch
        return self._current

    def _switch(self, batch: int, dtype: np.dtype[Any]) -> Arrays:
        buffers = self._declare(batch)
        size = memory_size(buffers, dtype.itemsize, scratch=False)
        if size > self._memory.size:
            self._memory = _aligned(size)
            self._arrays.clear()
        if batch not in self._arrays:
            scratch = self._scratch.reserve(batch, dtype.itemsize)
            self._arrays[batch] = Arrays(
                dict(
                    [
                        *_laid(buffers, self._memory, dtype, scratch=False),
                        *_laid(buffers, scratch, dtype, scratch=True),
                    ]
                )
            )
        arrays = self._arrays[batch]
        for name, buffer in buffers.items():
            if buffer.initial is not None:
                arrays[name].fill(buffer.initial)
        return arrays


def memory_size(buffers: Mapping[str, Buffer], itemsize: int, scratch: bool) -> int:
    """Bytes of the buffers that are scratch, or of those that are not."""
    sizes = (b.bytes(itemsize) for b in buffers.values() if b.scratch == scratch)
    return sum(-(-size // LINE) * LINE for size in sizes)


def _laid(
    buffers: Mapping[str, Buffer],
    memory: npt.NDArray[np.uint8],
    dtype: np.dtype[Any],
    scratch: bool,
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The arrays that are scratch, or those that are not, one after another in the memory."""
    start = 0
    for name, buffer in buffers.items():
        if buffer.scratch == scratch:
            part = memory[start : start + buffer.bytes(dtype.itemsize)]
            yield name, part.view(np.bool_ if buffer.mask else dtype).reshape(buffer.shape)
            start += -(-part.size // LINE) * LINE


def _aligned(size: int) -> npt.NDArray[np.uint8]:
    """So many bytes from where a line of the cache begins: NumPy and BLAS work faster there."""
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size]
