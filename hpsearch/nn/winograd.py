"""A 3 × 3 convolution of stride 1 with 16 multiplications for 2 × 2 outputs instead of 36.

Winograd's minimal filtering F(2 × 2, 3 × 3) (Lavin and Gray 2016). In one dimension, for inputs d
and weights g, with the fourth t taken the other way round so that y only adds m3:

    t = (d0 - d2, d1 + d2, d2 - d1, d3 - d1),  h = (g0, (g0 + g1 + g2)/2, (g0 - g1 + g2)/2, g2),
    m = t · h,  y = (m0 + m1 + m2, m1 - m2 + m3).

In two dimensions this is done for columns and for rows. The sums over channels are then 16 matrix
products over tiles. Output columns stand in two phases, as the tiles make them. The input's
gradient is such a convolution too: of dy with the weight turned round.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.products import BLOCK, Arrays, Products, RowGeometry

FEWEST_CHANNELS = 32  # with fewer, the transforms cost what the products save

WEIGHTS = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # g to h


class WinogradProducts(Products):
    """16 products, each over many tiles of 2 × 2 outputs."""

    def __init__(self, geometry: RowGeometry) -> None:
        super().__init__(geometry)
        self.turned = replace(  # dx, as a convolution of dy
            geometry,
            channels=geometry.filters,
            filters=geometry.channels,
            height=geometry.rows,
            width=2 * geometry.columns,
            padding=2 - geometry.padding,
            rows=geometry.height,
            columns=geometry.width // 2,
        )

    def rows_at_once(self, batch: int) -> int:
        return min(_tile_rows_at_once(self.geometry, batch) * 2, self.geometry.rows)

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g = self.geometry
        matrices = (4, 4, g.filters, g.channels)
        buffers = {
            **_buffers(g, batch, ""),
            "weights": Buffer(matrices),
            "gradients": Buffer(matrices),
            "gradient": Buffer(matrices[1:]),
        }
        if wants_input_gradient:
            buffers |= {
                **_buffers(self.turned, batch, "turned_"),
                "turned_weights": Buffer((4, 4, g.channels, g.filters)),
                "grad_phases": Buffer(
                    (2, self.rows_of_turned(batch), g.channels, g.width // 2 * batch)
                ),
                "grad_input": Buffer((g.height, g.channels, g.width, batch)),
            }
        return buffers

    def rows_of_turned(self, batch: int) -> int:
        """How many rows of dx are made at once."""
        return min(_tile_rows_at_once(self.turned, batch) * 2, self.turned.rows)

    def begin(self, x: FloatArray, weight: FloatArray, arrays: Arrays) -> None:
        g = self.geometry
        taps = weight.reshape(g.filters, 3, 3, g.channels)
        _transform_weights(taps, arrays["weights"])
        _pad(x[:, :, 0::2], 0, arrays["padded"], g)
        _pad(x[:, :, 1::2], 1, arrays["padded"], g)
        _transform_columns(arrays["padded"], arrays["columns"])

    def make(self, rows: slice, out: FloatArray, arrays: Arrays) -> None:
        _multiply(rows, out, arrays, "")

    def begin_gradient(self, arrays: Arrays) -> None:
        arrays["gradients"].fill(0)

    def add_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> None:
        """From dy = (y0, y1) comes dm = (y0, y0 + y1, y0 - y1, y1), for columns and rows."""
        tiles = (rows.stop - rows.start) // 2
        sums = arrays["sums"][:, :tiles].reshape(2, tiles, 4, *grad.shape[2:])
        for y in range(2):
            left, right = grad[:, y::2]
            np.copyto(sums[y, :, 0], left)
            np.add(left, right, out=sums[y, :, 1])
            np.subtract(left, right, out=sums[y, :, 2])
            np.copyto(sums[y, :, 3], right)
        between = arrays["products"][:tiles]
        for a in range(4):
            tile = _transform_rows(a, rows, arrays["columns"], arrays["tiles"])
            if a in (1, 2):
                (np.add if a == 1 else np.subtract)(sums[0], sums[1], out=between)
            product = sums[0] if a == 0 else sums[1] if a == 3 else between
            for i in range(tiles):
                window = tile[i, ..., : grad.shape[-1]]
                np.matmul(product[i], window.swapaxes(1, 2), out=arrays["gradient"])
                arrays["gradients"][a] += arrays["gradient"]

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> None:
        g = self.geometry
        taps = out.reshape(g.filters, 3, 3, g.channels)
        matrix = WEIGHTS.astype(out.dtype)
        np.einsum("abfc,au,bv->fuvc", arrays["gradients"], matrix, matrix, out=taps, optimize=True)

    def input_gradient(self, grad: FloatArray, weight: FloatArray, arrays: Arrays) -> FloatArray:
        g, grad_input = self.geometry, arrays["grad_input"]
        batch = grad_input.shape[-1]
        taps = weight.reshape(g.filters, 3, 3, g.channels)[:, ::-1, ::-1].transpose(3, 1, 2, 0)
        _transform_weights(taps, arrays["turned_weights"])
        by_column = grad.reshape(2, g.rows, g.filters, g.columns, batch)
        for phase in range(2):
            _pad(by_column[phase], phase, arrays["turned_padded"], self.turned)
        _transform_columns(arrays["turned_padded"], arrays["turned_columns"])
        at_once = self.rows_of_turned(batch)
        for start in range(0, g.height, at_once):
            rows = slice(start, min(start + at_once, g.height))
            made = arrays["grad_phases"][:, : rows.stop - start]
            _multiply(rows, made, arrays, "turned_")
            for phase in range(2):
                place = grad_input[rows, :, phase::2]
                place[...] = made[phase].reshape(place.shape)
        return grad_input


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution is of that kind, and large enough to gain by it."""
    return (
        (geometry.kernel, geometry.stride) == (3, 1)
        and geometry.padding <= 2
        and min(geometry.channels, geometry.filters) >= FEWEST_CHANNELS
        and all(size % 2 == 0 for size in (geometry.rows, geometry.height, geometry.width))
    )


def _tile_rows_at_once(geometry: RowGeometry, batch: int) -> int:
    numbers = 4 * max(geometry.channels, geometry.filters) * geometry.columns * batch
    return max(1, BLOCK // numbers)


def _buffers(g: RowGeometry, batch: int, prefix: str) -> dict[str, Buffer]:
    tiles = min(_tile_rows_at_once(g, batch), g.rows // 2)
    run = g.columns * batch
    return {
        prefix + "padded": Buffer((3, g.rows + 2, g.channels, g.columns + 1, batch), zeroed=True),
        prefix + "columns": Buffer((g.rows + 2, 4, g.channels, run + batch)),
        prefix + "tiles": Buffer((tiles, 4, g.channels, run + batch)),
        prefix + "products": Buffer((tiles, 4, g.filters, run)),
        prefix + "sums": Buffer((2, tiles, 4, g.filters, run)),
    }


def _transform_weights(taps: FloatArray, out: FloatArray) -> None:
    """(F, 3, 3, C) to (4, 4, F, C)."""
    matrix = WEIGHTS.astype(out.dtype)
    np.einsum("fuvc,au,bv->abfc", taps, matrix, matrix, out=out, optimize=True)


def _pad(x: FloatArray, phase: int, padded: FloatArray, g: RowGeometry) -> None:
    """Put the even (phase 0) or odd columns of the input, (H, C, W / 2, batch), into their places.

    `padded` is (phases + 1, rows + 2, C, columns + 1, batch), of which the last is only read beyond
    the end; it may be smaller than the input, whose last rows or columns then reach no output.
    """
    place = phase + g.padding
    target = padded[place % 2, g.padding :, :, place // 2 :]
    height, width = min(len(x), len(target)), min(x.shape[2], target.shape[2])
    target[:height, :, :width] = x[:height, :, :width]


def _transform_columns(padded: FloatArray, out: FloatArray) -> None:
    """(t0, t1, t2, t3) of each row; d0 and d2 are even columns, d1 and d3 odd ones.

    All channels of a row at once, shifted by a column: what the last column of each channel gets is
    never used.
    """
    batch, size = padded.shape[-1], padded[0].size
    flat = padded.reshape(-1)
    d0, d1, d2, d3 = (
        flat[start : start + size].reshape(len(out), -1) for start in (0, size, batch, size + batch)
    )
    by_row = out.reshape(len(out), 4, -1)
    np.subtract(d0, d2, out=by_row[:, 0])
    np.add(d1, d2, out=by_row[:, 1])
    np.subtract(d2, d1, out=by_row[:, 2])
    np.subtract(d3, d1, out=by_row[:, 3])


def _transform_rows(a: int, rows: slice, columns: FloatArray, out: FloatArray) -> FloatArray:
    """The a-th combination of the four input rows of each tile: (tiles, 4, C, run + batch)."""
    tiles = (rows.stop - rows.start) // 2
    first, second, subtract = ((0, 2, True), (1, 2, False), (2, 1, True), (3, 1, True))[a]
    one = columns[rows.start + first :: 2][:tiles]
    other = columns[rows.start + second :: 2][:tiles]
    made = out[:tiles]
    (np.subtract if subtract else np.add)(one, other, out=made)
    return made


def _multiply(rows: slice, out: FloatArray, arrays: Arrays, prefix: str) -> None:
    """Rows of sums (2, rows, filters, run) from the transformed columns."""
    tiles = (rows.stop - rows.start) // 2
    products, weights = arrays[prefix + "products"][:tiles], arrays[prefix + "weights"]
    upper, lower = arrays[prefix + "sums"][:, :tiles]
    for a, place in enumerate((upper, lower, products, products)):
        tile = _transform_rows(a, rows, arrays[prefix + "columns"], arrays[prefix + "tiles"])
        np.matmul(weights[a], tile[..., : place.shape[-1]], out=place)
        if a == 1:
            np.add(upper, lower, out=upper)
        elif a == 2:
            np.add(upper, products, out=upper)
            np.subtract(lower, products, out=lower)
    np.add(lower, products, out=lower)
    for y, sums in enumerate((upper, lower)):
        left, right = out[:, y::2]
        np.add(sums[:, 0], sums[:, 1], out=left)
        np.add(left, sums[:, 2], out=left)
        np.subtract(sums[:, 1], sums[:, 2], out=right)
        np.add(right, sums[:, 3], out=right)
