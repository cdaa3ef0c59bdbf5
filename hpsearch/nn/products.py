"""How the sums of a convolution are made: the sizes, and what each of the two ways offers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add
from hpsearch.nn.tiles import Tiling

BLOCK = 196_608  # numbers made at once: more miss the cache, fewer mean more calls (measured)


@dataclass(frozen=True)
class RowGeometry:
    """The sizes of a convolution: `rows` of output, and `columns` times `phases` of them.

    With two phases the output columns stand in the order 0, 2, 4, … 1, 3, 5, …, so that the left
    and the right halves of 2 × 2 windows are whole runs of memory. So it is with more, of which the
    last columns may not be wanted.
    """

    channels: int
    height: int
    width: int
    filters: int
    kernel: int
    stride: int
    padding: int
    rows: int
    columns: int
    phases: int = 1

    def newly_reached(self, rows: slice) -> slice:
        """The rows of the input that rows of the output reach, and those before them do not."""
        before = (rows.start - 1) * self.stride + self.kernel if rows.start else 0
        first = max(rows.start * self.stride, before) - self.padding
        stop = (rows.stop - 1) * self.stride + self.kernel - self.padding
        first, stop = (min(max(row, 0), self.height) for row in (first, stop))
        return slice(first, max(first, stop))


def in_phases(geometry: RowGeometry, phases: int) -> RowGeometry:
    """The same with its columns in phases; the last of them may reach beyond the columns."""
    return replace(geometry, columns=-(-geometry.columns // phases), phases=phases)


class Products(ABC):
    """The sums of a convolution and their gradients, some rows at a time, as steps to make.

    Rows of sums are arrays (phases, rows, filters, run), where a run is columns · batch numbers;
    they follow one another from the first. The weight is (filters, kernel·kernel·channels).
    `arrays` are the workspaces that `buffers` names.
    """

    keeps_gradient = False  # whether `pass_on` needs no more than `take_gradient` was given

    def __init__(self, geometry: RowGeometry) -> None:
        self.geometry = geometry

    def take_tiles(self) -> Tiling | None:
        """From now on take the input in tiles, and say which; None where it cannot."""
        return None

    @abstractmethod
    def rows_at_once(self, batch: int) -> int:
        """How many rows of sums stay in the cache together: an even number where phases are."""

    @abstractmethod
    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        """The workspaces; one named `grad_input` among them where it is wanted."""

    @abstractmethod
    def take_weight(self, weight: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """What comes before the first rows."""

    @abstractmethod
    def make(
        self,
        rows: slice,
        x: FloatArray,
        weight: FloatArray,
        out: FloatArray,
        arrays: Arrays,
        bias: FloatArray | None = None,
    ) -> Iterator[Step]:
        """Make these rows of the sums for an input; with the bias, (filters, run), where given."""

    @abstractmethod
    def take_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """Take the gradient of these rows of the sums."""

    @abstractmethod
    def pass_on(
        self, rows: slice, grad: FloatArray, weight: FloatArray, arrays: Arrays
    ) -> Iterator[Step]:
        """Make what rows of the input's gradient can be made after these rows of the sums.

        `grad` is that of all rows, as far as it was taken.
        """

    def sum_rows(self, gradients: FloatArray, arrays: Arrays, first: bool) -> Iterator[Step]:
        """Add gradients (n, rows, depth, filters) up in `gradient`, (n, depth, filters)."""
        total, spare = arrays["gradient"], arrays["gradient_of_rows"]
        by_row = gradients.reshape(*gradients.shape[:2], -1)
        out = (total if first else spare).reshape(len(total), -1)
        yield partial(np.matmul, arrays["ones_by_row"][: by_row.shape[1]], by_row, out=out)
        if not first:
            yield add(total, spare)

    @abstractmethod
    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """The weight's gradient, when that of all rows was taken."""
