"""Tiles of six columns for four outputs: Winograd's F(4, 3) and its gradients, elementwise.

For inputs d, weights g and outputs y of one row, in tiles that overlap by two columns,

    t = B d,  m = (G g) · t,  y = A m,

        4  0 -5  0  1  0         1/4    0    0          1  1  1  1  1  0
        0 -4 -4  1  1  0        -1/6 -1/6 -1/6          0  1 -1  2 -2  0
    B = 0  4 -4 -1  1  0    G = -1/6  1/6 -1/6      A = 0  1  1  4  4  0
        0 -2 -1  2  1  0        1/24 1/12  1/6          0  1 -1  8 -8  1
        0  2 -1 -2  1  0        1/24 -1/12 1/6
        0  4  0 -5  0  1          0    0    1

(Lavin and Gray 2016). Arrays of tiles are (6, rows, channels, run): the i-th numbers of all tiles
lie together, so each step is one operation on whole runs. Gradients take the matrices transposed.
"""

from collections.abc import Sequence

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.products import RowGeometry

SIZE = 6  # columns of a tile
STEP = 4  # outputs of a tile, and columns from one tile to the next

WEIGHTS = np.array(  # G
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)


def split(x: FloatArray, out: FloatArray, geometry: RowGeometry) -> None:
    """The tiles d of rows of an image, (rows, C, W, batch), with zeros around it."""
    by_tile = _by_tile(out, geometry)
    for i in range(SIZE):
        tiles, columns = _reach(i, geometry)
        by_tile[i, :, :, : tiles.start] = 0
        np.copyto(by_tile[i, :, :, tiles], x[:, :, columns])
        by_tile[i, :, :, tiles.stop :] = 0


def shifted(phases: FloatArray, spare: FloatArray, geometry: RowGeometry) -> list[FloatArray]:
    """The tiles d of rows of an image whose columns stand in four phases already.

    Such an image is (4, rows, C, run), in as many tiles as the output. Four of the six numbers of a
    tile are its phases; the others are a phase of the tile before or behind, 0 at the edges. These
    are written to `spare`, (2, rows, C, run).
    """
    batch = phases.shape[-1] // geometry.columns
    tiles, free = [], iter(spare)
    for i in range(SIZE):
        moved, phase = divmod(i - geometry.padding, STEP)
        tile = phases[phase]
        if moved:
            neighbours, tile = tile, next(free)
            here, there, edge = _moved(moved, batch)
            np.copyto(tile[..., here], neighbours[..., there])
            tile[..., edge] = 0
        tiles.append(tile)
    return tiles


def transform(d: Sequence[FloatArray], out: FloatArray, spare: Sequence[FloatArray]) -> None:
    """t = B d. `spare` are four arrays as large as one of d, or d[4], d[0], d[2], d[1]."""
    d0, d1, d2, d3, d4, d5 = d
    t0, t1, t2, t3, t4, t5 = out
    even, a, odd, b = spare
    np.subtract(d4, d2, out=even)
    np.subtract(d0, d2, out=a)
    a *= 4
    np.add(a, even, out=t0)
    np.multiply(d2, 3, out=a)
    np.subtract(even, a, out=a)
    np.subtract(d3, d1, out=odd)
    np.multiply(d1, 3, out=b)
    np.subtract(odd, b, out=b)
    np.add(a, b, out=t1)
    np.subtract(a, b, out=t2)
    odd += odd
    np.add(even, odd, out=t3)
    np.subtract(even, odd, out=t4)
    odd += odd
    np.subtract(d5, d3, out=a)
    np.subtract(a, odd, out=t5)


def combine(m: FloatArray, out: FloatArray, spare: FloatArray) -> None:
    """y = A m. Overwrites m; `spare` is as large as one number of each tile."""
    m0, m1, m2, m3, m4, m5 = m
    y0, y1, y2, y3 = out
    np.add(m1, m2, out=spare)
    m1 -= m2
    np.add(m3, m4, out=m2)
    m3 -= m4
    m3 += m3
    m0 += spare
    np.add(m0, m2, out=y0)
    np.add(m1, m3, out=y1)
    m2 *= 4
    np.add(spare, m2, out=y2)
    m3 *= 4
    m1 += m5
    np.add(m1, m3, out=y3)


def combine_back(grad: FloatArray, out: FloatArray) -> None:
    """dm = Aᵀ dy."""
    y0, y1, y2, y3 = grad
    m0, m1, m2, m3, m4, m5 = out
    np.multiply(y2, 4, out=m0)
    m0 += y0
    np.multiply(y3, 4, out=m5)
    m5 += y1
    m5 += m5
    np.add(m0, m5, out=m3)
    np.subtract(m0, m5, out=m4)
    np.add(y0, y2, out=m0)
    np.add(y1, y3, out=m5)
    np.add(m0, m5, out=m1)
    np.subtract(m0, m5, out=m2)
    np.copyto(m0, y0)
    np.copyto(m5, y3)


def transform_back(t: Sequence[FloatArray], spare: FloatArray, out: Sequence[FloatArray]) -> None:
    """dd = Bᵀ dt. Overwrites t; `out` may be t. `spare` is as large as one number of each tile."""
    t0, t1, t2, t3, t4, t5 = t
    d0, d1, d2, d3, d4, d5 = out
    np.add(t1, t2, out=spare)
    t1 -= t2
    t1 -= t5
    np.add(t3, t4, out=t2)
    t3 -= t4
    t3 += t3
    t2 += t0
    np.add(t2, spare, out=d4)
    spare += t0
    spare *= -4
    np.subtract(spare, t2, out=d2)
    np.multiply(t0, 4, out=d0)
    t3 += t1
    t1 *= -3
    np.subtract(t1, t3, out=d1)
    np.multiply(t5, 4, out=spare)
    np.subtract(t3, spare, out=d3)
    if d5 is not t5:
        np.copyto(d5, t5)


def join(d: FloatArray, rows: FloatArray, geometry: RowGeometry) -> None:
    """The sums of all tiles in rows of an image, (rows, C, W, batch). Overwrites d."""
    by_tile = _by_tile(d, geometry)
    overlap = by_tile[:2, :, :, 1:]
    overlap += by_tile[STEP:, :, :, :-1]
    for i in range(SIZE):
        tiles, columns = _reach(i, geometry)
        if i < STEP:
            np.copyto(rows[:, :, columns], by_tile[i, :, :, tiles])
        elif tiles.stop == geometry.columns:  # the last tile overlaps with no other
            np.copyto(rows[:, :, columns.stop - STEP], by_tile[i, :, :, -1])


def transform_back_to_phases(
    t: Sequence[FloatArray], spare: FloatArray, phases: FloatArray, geometry: RowGeometry
) -> None:
    """The sums of all tiles in rows of an image whose columns stand in four phases."""
    batch = phases.shape[-1] // geometry.columns
    first = geometry.padding
    tiles = [*t[:first], *phases, *t[first + STEP :]]
    transform_back(t, spare, tiles)
    for i in range(SIZE):
        moved, phase = divmod(i - first, STEP)
        if moved:
            here, there, _ = _moved(moved, batch)
            phases[phase][..., there] += tiles[i][..., here]


def _moved(tiles: int, batch: int) -> tuple[slice, slice, slice]:
    """The tiles that have a neighbour so many tiles on, ±1, those neighbours, and the others."""
    front, rest = slice(0, batch), slice(batch, None)
    back, others = slice(-batch, None), slice(0, -batch)
    return (rest, others, front) if tiles < 0 else (others, rest, back)


def _by_tile(flat: FloatArray, geometry: RowGeometry) -> FloatArray:
    return flat.reshape(*flat.shape[:3], geometry.columns, -1)


def _reach(i: int, geometry: RowGeometry) -> tuple[slice, slice]:
    """The tiles whose i-th column lies in the image, and the image's columns there."""
    first = 1 if i < geometry.padding else 0
    start = first * STEP + i - geometry.padding
    count = max(0, min(geometry.columns - first, -((start - geometry.width) // STEP)))
    return slice(first, first + count), slice(start, start + count * STEP, STEP)
