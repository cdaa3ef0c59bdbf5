"""Names for arrays and shapes, and the workspaces that layers keep.

Images inside a network lie as (height, channels, width, batch), features as (features, batch);
docs/networks.md says why. Shapes that people see are (channels, height, width) or (features,).
"""

import itertools
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

LINE = 64  # bytes of a line of the cache


def add(array: FloatArray, values: FloatArray) -> Step:
    """array += values."""
    return partial(np.add, array, values, out=array)


def fill(*arrays: FloatArray, value: float = 0) -> Iterator[Step]:
    """Fill each of the arrays that is not empty."""
    return (partial(array.fill, value) for array in arrays if array.size)


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


class Workspace:
    """The arrays of one layer, kept between steps.

    They lie in one piece of memory, that of the largest batch so far; those of other batches are
    laid into the same piece.
    """

    def __init__(self, declare: Callable[[int], Mapping[str, Buffer]]) -> None:
        self._declare = declare
        self._memory = np.empty(0, np.uint8)
        self._arrays: dict[int, Arrays] = {}
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
        sizes = [-(-b.bytes(dtype.itemsize) // LINE) * LINE for b in buffers.values()]
        if sum(sizes) > self._memory.size:
            self._memory = _aligned(sum(sizes))
            self._arrays.clear()
        if batch not in self._arrays:
            starts = itertools.accumulate(sizes, initial=0)
            self._arrays[batch] = Arrays(
                {
                    name: self._array(buffer, start, dtype)
                    for (name, buffer), start in zip(buffers.items(), starts, strict=False)
                }
            )
        arrays = self._arrays[batch]
        for name, buffer in buffers.items():
            if buffer.initial is not None:
                arrays[name].fill(buffer.initial)
        return arrays

    def _array(self, buffer: Buffer, start: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        memory = self._memory[start : start + buffer.bytes(dtype.itemsize)]
        return memory.view(np.bool_ if buffer.mask else dtype).reshape(buffer.shape)


def _aligned(size: int) -> npt.NDArray[np.uint8]:
    """So many bytes from where a line of the cache begins: NumPy and BLAS work faster there."""
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size]
