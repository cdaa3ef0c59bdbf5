"""Tiles of six columns for a few outputs of a row: Winograd's F(7 - kernel, kernel).

A polynomial of degree 5 is known by its values at the points 0, 1, -1, 2, -2 and its leading
coefficient. So six multiplications convolve six inputs d with the weights g, where outputs y and
weights are seven together. For the six numbers of a tile

    t = B d,  m = (G g) · t,  y = A m,

where row p of G is (1, p, p², …) divided by the product of p's distances to the other points,
column p of A is (1, p, p², …), and both end with that for the leading coefficient (Lavin and Gray
2016). For four outputs of a kernel of 3

        4  0 -5  0  1  0         1/4    0    0          1  1  1  1  1  0
        0 -4 -4  1  1  0        -1/6 -1/6 -1/6          0  1 -1  2 -2  0
    B = 0  4 -4 -1  1  0    G = -1/6  1/6 -1/6      A = 0  1  1  4  4  0
        0 -2 -1  2  1  0        1/24 1/12  1/6          0  1 -1  8 -8  1
        0  2 -1 -2  1  0        1/24 -1/12 1/6
        0  4  0 -5  0  1          0    0    1

Arrays of tiles are (6, rows, channels, run), a run being tiles · batch numbers: the i-th numbers of
all tiles lie together, so each step is a product of one of these small matrices with whole runs.
Gradients take the matrices transposed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from hpsearch.nn.arrays import FloatArray, Step, add, fill

SIZE = 6  # columns of a tile
POINTS = (0, 1, -1, 2, -2)
SMALL = 2**20  # multiplications in a product that BLAS makes without copying what it reads

INPUTS = np.array(  # B
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)


def weights_matrix(kernel: int) -> npt.NDArray[np.float64]:
    """G, (6, kernel)."""
    distances = [np.prod([p - q for q in POINTS if q != p]) for p in POINTS]
    scaled: npt.NDArray[np.float64] = _powers(kernel) / np.array([*distances, 1])[:, None]
    return scaled


def outputs_matrix(outputs: int) -> npt.NDArray[np.float64]:
    """A, (outputs, 6)."""
    return _powers(outputs).T


def _powers(count: int) -> npt.NDArray[np.float64]:
    """(6, count): powers of each point, and the leading coefficient alone."""
    leading = [0.0] * (count - 1) + [1.0]
    return np.array([*([float(p) ** k for k in range(count)] for p in POINTS), leading])


def apply(matrix: FloatArray, numbers: FloatArray, out: FloatArray) -> Step:
    """The product of a matrix (n, m) with numbers (m, rows, channels, run) is (n, rows, …)."""
    _, rows, channels, run = numbers.shape
    parts = next(n for n in range(1, channels + 1) if _fits(matrix, channels, n, run))
    shape = (rows, parts, channels // parts * run)
    return partial(np.matmul, matrix, _by_part(numbers, shape), out=_by_part(out, shape))


def _fits(matrix: FloatArray, channels: int, parts: int, run: int) -> bool:
    return parts == channels or (
        channels % parts == 0 and matrix.size * (channels // parts) * run <= SMALL
    )


def _by_part(numbers: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    """(n, rows, channels, run) as (rows, parts, n, numbers of a part)."""
    return np.reshape(numbers, (len(numbers), *shape), copy=False).transpose(1, 2, 0, 3)


@dataclass(frozen=True)
class Tiling:
    """How the columns of an image stand in tiles.

    A tile begins `step` columns after the one before it, the first one `padding` columns before the
    image. `step` of its columns are its own, and overlap with none of another tile's own.
    """

    step: int
    padding: int

    @property
    def own(self) -> slice:
        """Which of the six columns are a tile's own."""
        return slice(self.padding, self.padding + self.step)

    def split(self, x: FloatArray, out: FloatArray) -> Iterator[Step]:
        """The tiles of rows of an image, (rows, C, W, batch), with zeros around it."""
        by_tile = _by_tile(out, x.shape[-1])
        for i in range(SIZE):
            tiles, columns = self._reach(i, x.shape[2], by_tile.shape[3])
            yield partial(np.copyto, by_tile[i, :, :, tiles], x[:, :, columns])
            yield from fill(by_tile[i, :, :, : tiles.start], by_tile[i, :, :, tiles.stop :])

    def join(self, tiles: FloatArray, rows: FloatArray) -> Iterator[Step]:
        """The sums of all tiles in rows of an image, (rows, C, W, batch). Overwrites the tiles."""
        by_tile = _by_tile(tiles, rows.shape[-1])
        for i in reversed(range(self.step, SIZE)):
            yield add(by_tile[i - self.step, :, :, 1:], by_tile[i, :, :, :-1])
        for i in range(SIZE):
            some, columns = self._reach(i, rows.shape[2], by_tile.shape[3])
            if i < self.step:
                yield partial(np.copyto, rows[:, :, columns], by_tile[i, :, :, some])
            elif some.stop == by_tile.shape[3]:  # the last tile overlaps with no other
                column = columns.stop - self.step
                yield partial(np.copyto, rows[:, :, column], by_tile[i, :, :, -1])

    def lend(self, tiles: FloatArray, batch: int) -> Iterator[Step]:
        """Fill the columns that are not a tile's own with their neighbours', 0 at the edges."""
        for i, phase, here, there, edge in self._neighbours(tiles.shape[-1], batch):
            yield partial(np.copyto, tiles[i, ..., here], tiles[phase, ..., there])
            yield from fill(tiles[i, ..., edge])

    def collect(self, tiles: FloatArray, batch: int) -> Iterator[Step]:
        """Add what neighbours have for a tile's own columns: the gradient of `lend`."""
        for i, phase, here, there, _ in self._neighbours(tiles.shape[-1], batch):
            yield add(tiles[phase, ..., there], tiles[i, ..., here])

    def _neighbours(self, run: int, batch: int) -> Iterator[tuple[int, int, slice, slice, slice]]:
        """For each column that is not its tile's own: whose it is, and which parts of the run."""
        for i in range(SIZE):
            tiles, phase = divmod(i - self.padding, self.step)
            moved = min(abs(tiles) * batch, run)
            front, rest = slice(0, moved), slice(moved, run)
            back, others = slice(run - moved, run), slice(0, run - moved)
            if tiles > 0:
                yield i, self.padding + phase, others, rest, back
            elif tiles < 0:
                yield i, self.padding + phase, rest, others, front

    def _reach(self, i: int, width: int, tiles: int) -> tuple[slice, slice]:
        """The tiles whose i-th column lies in the image, and the image's columns there."""
        first = max(0, -((i - self.padding) // self.step))
        start = first * self.step + i - self.padding
        count = max(0, min(tiles - first, -((start - width) // self.step)))
        return slice(first, first + count), slice(start, start + count * self.step, self.step)


def _by_tile(flat: FloatArray, batch: int) -> FloatArray:
    return flat.reshape(*flat.shape[:3], -1, batch)
