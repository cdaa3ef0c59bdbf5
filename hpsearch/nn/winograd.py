"""A 3 × 3 convolution of stride 1 with six multiplications for four outputs of a row of taps.

Instead of twelve: hpsearch.nn.tiles has Winograd's matrices. They act along the columns alone, so
rows stay as in hpsearch.nn.rows: three rows of transformed tiles that lie one after another *are* a
matrix (3 C, run), whose product with the transformed weight gives one of the six numbers of all
tiles of an output row. Output columns stand in four phases, as tiles make them.

What `add_gradient` transforms serves both gradients, that of the weight and that of the input.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Shape
from hpsearch.nn.products import Products, RowGeometry
from hpsearch.nn.tiles import (
    SIZE,
    STEP,
    WEIGHTS,
    combine,
    combine_back,
    join,
    shifted,
    split,
    transform,
    transform_back,
    transform_back_to_phases,
)

FEWEST_CHANNELS = 12  # with fewer, the transforms cost what the products save
BLOCK = 800_000  # numbers of all tiles made at once: fewer mean more calls (measured)


class WinogradProducts(Products):
    """Six products for each row of outputs."""

    keeps_gradient = True
    takes_phases = False  # whether the columns of the input, too, stand in four phases

    def take_phases(self) -> bool:
        """Its input is then (4, H, C, tiles, batch), and must have as many tiles as the sums."""
        self.takes_phases = -(-self.geometry.width // STEP) == self.geometry.columns
        return self.takes_phases

    def rows_at_once(self, batch: int) -> int:
        g = self.geometry
        row = SIZE * max(g.filters, g.channels) * g.columns * batch
        gradient = SIZE * g.filters * 3 * g.channels
        pairs = max(1, BLOCK // (2 * max(row, gradient)))
        return min(2 * pairs, g.rows)

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, at_once = self.geometry, self.rows_at_once(batch)
        run = g.columns * batch
        matrix = (g.filters, 3 * g.channels)
        buffers = {
            "tiles": Buffer((SIZE, at_once, g.channels, run)),
            "transformed": Buffer((SIZE, g.height + 2 * g.padding, g.channels, run), initial=0),
            "taps": Buffer((3, g.filters, 3, g.channels)),
            "weights": Buffer((SIZE, *matrix)),
            "products": Buffer((SIZE, at_once, g.filters, run)),
            "spare": Buffer((at_once, g.filters, run)),
            "transformed_grad": Buffer((SIZE, g.height + 2, g.filters, run), initial=0),
            "gradients": Buffer((SIZE, at_once, *matrix[::-1])),
            "gradient": Buffer((SIZE, *matrix[::-1])),
            "ones_by_row": Buffer((at_once,), initial=1),
        }
        if wants_input_gradient:
            buffers |= {
                "turned_weights": Buffer((SIZE, g.channels, 3 * g.filters)),
                "tile_grads": Buffer((SIZE, at_once, g.channels, run)),
                "tile_spare": Buffer((at_once, g.channels, run)),
                "grad_input": Buffer(self._input_shape(batch)),
            }
        return buffers

    def _input_shape(self, batch: int) -> Shape:
        g = self.geometry
        if self.takes_phases:
            return STEP, g.height, g.channels, g.columns, batch
        return g.height, g.channels, g.width, batch

    def begin(self, x: FloatArray, weight: FloatArray, arrays: Arrays) -> None:
        g, taps = self.geometry, arrays["taps"]
        np.copyto(taps, weight.reshape(g.filters, 3, 3, g.channels).transpose(2, 0, 1, 3))
        by_tap = arrays.once("by tap", lambda: WEIGHTS.astype(x.dtype))
        np.matmul(by_tap, taps.reshape(3, -1), out=arrays["weights"].reshape(SIZE, -1))
        self.windows = arrays.once("windows", lambda: _windows(arrays["transformed"]))
        inside = arrays["transformed"][:, g.padding : g.padding + g.height]
        at_once = arrays["tiles"].shape[1]
        for start in range(0, g.height, at_once):
            rows = slice(start, min(start + at_once, g.height))
            tiles = arrays["tiles"][:, : rows.stop - start]
            if self.takes_phases:
                phases = x.reshape(*x.shape[:3], -1)[:, rows]
                transform(shifted(phases, tiles[:2], g), inside[:, rows], list(tiles[2:]))
            else:
                split(x[rows], tiles, g)
                transform(list(tiles), inside[:, rows], [tiles[i] for i in (4, 0, 2, 1)])

    def make(
        self, rows: slice, out: FloatArray, arrays: Arrays, bias: FloatArray | None = None
    ) -> None:
        """The second number of a tile enters all four outputs once: so does a bias added to it."""
        count = rows.stop - rows.start
        products = arrays["products"][:, :count]
        np.matmul(arrays["weights"][:, None], self.windows[:, rows], out=products)
        if bias is not None:
            np.add(products[1], bias, out=products[1])
        combine(products, out, arrays["spare"][:count])

    def begin_gradient(self, arrays: Arrays) -> None:
        arrays["gradient"].fill(0)

    def add_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> None:
        """The gradient turned, (3 C, filters): BLAS makes that faster."""
        first = 2 - self.geometry.padding  # so that the first row of the image is reached by three
        transformed = arrays["transformed_grad"][:, first + rows.start : first + rows.stop]
        combine_back(grad, transformed)
        window = self.windows[:, rows]
        gradients = arrays["gradients"][:, : rows.stop - rows.start]
        np.matmul(window, transformed.swapaxes(2, 3), out=gradients)
        total, ones = arrays["gradient"], arrays["ones_by_row"][: gradients.shape[1]]
        total += (ones @ gradients.reshape(SIZE, len(ones), -1)).reshape(total.shape)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> None:
        g = self.geometry
        taps = WEIGHTS.T.astype(out.dtype) @ arrays["gradient"].reshape(SIZE, -1)
        by_column = taps.reshape(3, 3, g.channels, g.filters)
        np.copyto(out.reshape(g.filters, 3, 3, g.channels), by_column.transpose(3, 1, 0, 2))

    def input_gradient(self, grad: FloatArray, weight: FloatArray, arrays: Arrays) -> FloatArray:  # noqa: ARG002  # both were kept
        g, grad_input = self.geometry, arrays["grad_input"]
        turned = arrays["turned_weights"].reshape(SIZE, g.channels, 3, g.filters)
        weights = arrays["weights"].reshape(SIZE, g.filters, 3, g.channels)
        for row in range(3):
            np.copyto(turned[:, :, row], weights[:, :, 2 - row].swapaxes(1, 2))
        every = arrays.once("windows of gradient", lambda: _windows(arrays["transformed_grad"]))
        at_once = arrays["tile_grads"].shape[1]
        for start in range(0, g.height, at_once):
            rows = slice(start, min(start + at_once, g.height))
            tile_grads = arrays["tile_grads"][:, : rows.stop - start]
            spare = arrays["tile_spare"][: rows.stop - start]
            np.matmul(arrays["turned_weights"][:, None], every[:, rows], out=tile_grads)
            if self.takes_phases:
                phases = grad_input.reshape(*grad_input.shape[:3], -1)[:, rows]
                transform_back_to_phases(list(tile_grads), spare, phases, g)
            else:
                tiles = list(tile_grads)
                transform_back(tiles, spare, tiles)
                join(tile_grads, grad_input[rows], g)
        return grad_input


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution is of that kind, and gains by it.

    Its channels must be many enough, and its last tile must not be too empty.
    """
    return (
        (geometry.kernel, geometry.stride) == (3, 1)
        and geometry.padding <= 2
        and min(geometry.channels, geometry.filters) >= FEWEST_CHANNELS
        and SIZE * in_tiles(geometry).columns <= 2 * geometry.columns
    )


def in_tiles(geometry: RowGeometry) -> RowGeometry:
    """The same with its columns in four phases; the last tile may reach beyond the columns."""
    return replace(geometry, columns=-(-geometry.columns // STEP), phases=STEP)


def _windows(rows: FloatArray) -> FloatArray:
    """A view (6, rows - 2, 3 C, run): three rows as one matrix."""
    size, height, channels, run = rows.shape
    shape = (size, height - 2, 3 * channels, run)
    return as_strided(rows, shape, rows.strides, writeable=False)
