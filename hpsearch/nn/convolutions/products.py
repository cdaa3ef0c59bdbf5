"""How the sums of a convolution are made: the sizes, and what each of the two ways offers."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add
from hpsearch.nn.convolutions.tiles import SMALL, Tiling

FEW_SUMS = 1200  # see parts_of
MANY_SUMS = 12_288  # a product that gives more is fast in one piece
MANY_PARTS = 16
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
    def pass_on(self, rows: slice, grad: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """Make what rows of the input's gradient can be made after these rows of the sums.

        `grad` is that of all rows, as far as it was taken.
        """

    def gradient_buffers(self, depth: int, rows: int, run: int, matrices: int) -> dict[str, Buffer]:
        """What `multiply` needs for windows (matrices, rows, depth, run)."""
        shape = (depth, self.geometry.filters)
        sums = rows * parts_of(*shape, run).run
        return {
            "gradients": Buffer((matrices, sums, *shape), scratch=True),
            "gradient": Buffer((matrices, *shape), scratch=True),
            "gradient_of_rows": Buffer((matrices, *shape), scratch=True),
            "ones_by_row": Buffer((sums,), initial=1),
        }

    def multiply(
        self, window: FloatArray, grad: FloatArray, arrays: Arrays, first: bool
    ) -> Iterator[Step]:
        """Add up in `gradient`, (matrices, depth, filters), what rows give to the weight's.

        That is windows (matrices, rows, depth, run) times gradients (matrices, rows, filters, run).
        The gradient is turned: BLAS makes it faster so.
        """
        parts = parts_of(window.shape[2], grad.shape[2], window.shape[3])
        total, spare = arrays["gradient"], arrays["gradient_of_rows"]
        gradients = arrays["gradients"][:, : window.shape[1] * parts.run]
        windows = _in_parts(window, parts.depth, parts.run)[:, :, :, :, None]
        grads = _in_parts(grad, parts.filters, parts.run)[:, :, :, None].swapaxes(5, 6)
        depth, filters = windows.shape[5], grads.shape[6]
        shape = (*windows.shape[:4], depth, parts.filters, filters)
        out = gradients.reshape(shape).swapaxes(4, 5)
        yield partial(np.matmul, windows, grads, out=out)
        by_row = gradients.reshape(*gradients.shape[:2], -1)
        summed = (total if first else spare).reshape(len(total), -1)
        yield partial(np.matmul, arrays["ones_by_row"][: by_row.shape[1]], by_row, out=summed)
        if not first:
            yield add(total, spare)

    @abstractmethod
    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """The weight's gradient, when that of all rows was taken."""


@dataclass(frozen=True)
class Parts:
    """In how many parts the depth, the filters and the run of a product are."""

    depth: int
    filters: int
    run: int


def parts_of(depth: int, filters: int, run: int) -> Parts:
    """Parts for a product of (depth, run) with (run, filters).

    Where the processor has AVX-512, OpenBLAS makes products of at most a million multiplications
    without copying what they read; with a run as the inner dimension of both matrices only those
    that give at most some 1200 numbers. Elsewhere larger ones are faster
    (docs/decisions/products-depend-on-the-processor.md).
    """
    depths, filter_counts = [1], [1]
    if depth * filters <= MANY_SUMS and has_small_kernels():
        depths, filter_counts = _divisors(depth), _divisors(filters)
    fitting = [
        (d, f) for d in depths for f in filter_counts if depth // d * (filters // f) <= FEW_SUMS
    ]
    # of these the one that reads least
    d, f = min(fitting, key=lambda p: p[0] / depth + p[1] / filters, default=(1, 1))
    most = max(1, SMALL // (depth // d * (filters // f)))
    runs = [n for n in _divisors(run) if n <= MANY_PARTS and run // n <= most]
    return Parts(d, f, runs[0] if runs and fitting else 1)


@cache
def has_small_kernels() -> bool:
    """Whether the processor has AVX-512, as NumPy sees it."""
    found = np.lib.introspect.opt_func_info(func_name="^maximum$", signature="float32")
    chosen = found.get("maximum", {}).get("fff", {})  # empty where NumPy has nothing to choose from
    return chosen.get("current") in ("X86_V4", "AVX512_SKX")


def _divisors(number: int) -> list[int]:
    """Ascending; in time of the number's root, as a run may be millions long."""
    low = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return [*low, *(number // n for n in reversed(low) if n * n != number)]


def _in_parts(rows: FloatArray, parts: int, runs: int) -> FloatArray:
    """(n, rows, size, run) as (n, rows, runs, parts, part of size, part of run), without a copy."""
    shape = (*rows.shape[:2], parts, rows.shape[2] // parts, runs, rows.shape[3] // runs)
    return np.reshape(rows, shape, copy=False).transpose(0, 1, 4, 2, 3, 5)
