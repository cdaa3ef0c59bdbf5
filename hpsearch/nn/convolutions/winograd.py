"""A convolution of stride 1 with fewer multiplications: six for each row of taps of a tile.

`tiles` has Winograd's matrices: a tile makes 4 outputs of a 3 × 3 convolution, which take 12
multiplications with a row of taps otherwise, or 2 outputs of a 5 × 5 one, instead of 10. They act
along the columns alone, so rows stay as in `rows`: as many rows of transformed tiles as the kernel
has, which lie one after another, *are* a matrix (kernel · C, run), whose product with the
transformed weight gives one of the six numbers of all tiles of an output row. Output columns stand
in as many phases as a tile has outputs.

What `take_gradient` transforms serves both gradients, that of the weight and that of the input.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Shape, Step, add, fill
from hpsearch.nn.convolutions.products import Products, RowGeometry, in_phases
from hpsearch.nn.convolutions.tiles import (
    INPUTS,
    SIZE,
    Tiling,
    apply,
    outputs_matrix,
    weights_matrix,
)

FEWEST_CHANNELS = {3: 12, 5: 6}  # with fewer, the transforms cost what the products save
FEW_CHANNELS = 8  # so few make a product of one input row too flat to be fast
BLOCK = 400_000  # numbers of all tiles made at once: fewer mean more calls (measured)


class Matrices:
    """Those of `tiles` in the precision of the network; turned ones are for gradients."""

    def __init__(self, kernel: int, outputs: int, dtype: npt.DTypeLike) -> None:
        self.weights, self.inputs, self.outputs = (
            matrix.astype(dtype)
            for matrix in (weights_matrix(kernel), INPUTS, outputs_matrix(outputs))
        )
        self.weights_turned, self.inputs_turned, self.outputs_turned = (
            np.ascontiguousarray(matrix.T) for matrix in (self.weights, self.inputs, self.outputs)
        )


class WinogradProducts(Products):
    """Six products for each row of outputs."""

    keeps_gradient = True
    takes_tiles = False  # whether the input comes in tiles

    def __init__(self, geometry: RowGeometry) -> None:
        super().__init__(geometry)
        self.tiling = Tiling(geometry.phases, geometry.padding)
        self.input_rows = 2 if geometry.channels <= FEW_CHANNELS else 1  # by one product

    def take_tiles(self) -> Tiling | None:
        """Its image must fill as many tiles as the sums do."""
        g = self.geometry
        self.takes_tiles = -(-g.width // g.phases) == g.columns
        return self.tiling if self.takes_tiles else None

    def rows_at_once(self, batch: int) -> int:
        g = self.geometry
        row = SIZE * max(g.filters, g.channels) * g.columns * batch
        gradient = SIZE * g.filters * g.kernel * g.channels
        pairs = max(1, BLOCK // (2 * max(row, gradient)))
        return min(2 * pairs, g.rows)

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, at_once = self.geometry, self.rows_at_once(batch)
        run, some = g.columns * batch, min(at_once + g.kernel, g.height)
        matrix = (g.filters, g.kernel * g.channels)
        buffers = {
            "tiles": Buffer((SIZE, 0 if self.takes_tiles else some, g.channels, run), scratch=True),
            "transformed": Buffer((SIZE, g.height + 2 * g.padding, g.channels, run), initial=0),
            "taps": Buffer((g.kernel, g.filters, g.kernel, g.channels), scratch=True),
            "products": Buffer((SIZE, at_once, g.filters, run), scratch=True),
            "transformed_grad": Buffer((SIZE, g.rows, g.filters, run), scratch=True),
            **self.gradient_buffers(g.kernel * g.channels, at_once, run, matrices=SIZE),
            "weights": Buffer((SIZE, *matrix), scratch=True),
        }
        if wants_input_gradient:
            buffers |= {
                "turned_weights": Buffer(self._turned_shape(), initial=0),
                "tile_grads": Buffer((SIZE, some, g.channels, run), scratch=True),
                "grad_input": Buffer(self._input_shape(batch)),
            }
        return buffers

    def _turned_shape(self) -> Shape:
        g, rows = self.geometry, self.input_rows
        return SIZE, rows * g.channels, (g.kernel + rows - 1) * g.filters

    def _input_shape(self, batch: int) -> Shape:
        g = self.geometry
        if self.takes_tiles:
            return SIZE, g.height, g.channels, g.columns, batch
        return g.height, g.channels, g.width, batch

    def take_weight(self, weight: FloatArray, arrays: Arrays) -> Iterator[Step]:
        g, taps, weights = self.geometry, arrays["taps"], arrays["weights"]
        by_column = weight.reshape(g.filters, g.kernel, g.kernel, g.channels).transpose(2, 0, 1, 3)
        yield partial(np.copyto, taps, by_column)
        matrix, by_tap = _matrices(self, arrays).weights, taps.reshape(g.kernel, -1)
        yield partial(np.matmul, matrix, by_tap, out=weights.reshape(SIZE, -1))
        if "turned_weights" in arrays:  # for the gradient: (6, rows · C, row taps · filters)
            shape = (SIZE, self.input_rows, g.channels, -1, g.filters)
            turned = arrays["turned_weights"].reshape(shape)
            by_row = weights.reshape(SIZE, g.filters, g.kernel, g.channels)
            for row in range(self.input_rows):
                place = turned[:, row, :, row : row + g.kernel]
                yield partial(np.copyto, place, by_row[:, :, ::-1].transpose(0, 3, 2, 1))

    def make(
        self,
        rows: slice,
        x: FloatArray,
        weight: FloatArray,  # noqa: ARG002  # was taken
        out: FloatArray,
        arrays: Arrays,
        bias: FloatArray | None = None,
    ) -> Iterator[Step]:
        """The second number of a tile enters all outputs once: so does a bias added to it."""
        yield from self._transform(self.geometry.newly_reached(rows), x, arrays)
        products = arrays["products"][:, : rows.stop - rows.start]
        window = _windows(arrays["transformed"], self.geometry.kernel)[:, rows]
        yield partial(np.matmul, arrays["weights"][:, None], window, out=products)
        if bias is not None:
            yield add(products[1], bias)
        yield apply(_matrices(self, arrays).outputs, products, out)

    def _transform(self, rows: slice, x: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """These rows of the input."""
        if rows.start == rows.stop:
            return
        padding, matrix = self.geometry.padding, _matrices(self, arrays).inputs
        transformed = arrays["transformed"][:, padding + rows.start : padding + rows.stop]
        if self.takes_tiles:
            tiles = x.reshape(*x.shape[:3], -1)[:, rows]
        else:
            tiles = arrays["tiles"][:, : rows.stop - rows.start]
            yield from self.tiling.split(x[rows], tiles)
        yield apply(matrix, tiles, transformed)

    def take_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> Iterator[Step]:
        transformed = arrays["transformed_grad"][:, rows]
        yield apply(_matrices(self, arrays).outputs_turned, grad, transformed)
        window = _windows(arrays["transformed"], self.geometry.kernel)[:, rows]
        yield from self.multiply(window, transformed, arrays, first=rows.start == 0)

    def pass_on(
        self,
        rows: slice,
        grad: FloatArray,  # noqa: ARG002  # was taken
        arrays: Arrays,
    ) -> Iterator[Step]:
        g, grad_input = self.geometry, arrays["grad_input"]
        last = g.height if rows.stop == g.rows else rows.stop - g.padding
        first = max(0, rows.start - g.padding) if rows.start else 0
        if last <= first:
            return
        numbers, tiles = (arrays[name][:, : last - first] for name in ("tile_grads", "tiles"))
        yield from self._multiply_back(first, last, numbers, arrays)
        matrix = _matrices(self, arrays).inputs_turned
        if self.takes_tiles:
            by_row = grad_input.reshape(*grad_input.shape[:3], -1)
            yield apply(matrix, numbers, by_row[:, first:last])
        else:
            yield apply(matrix, numbers, tiles)
            yield from self.tiling.join(tiles, grad_input[first:last])

    def _multiply_back(
        self, first: int, last: int, numbers: FloatArray, arrays: Arrays
    ) -> Iterator[Step]:
        """The gradients of the tiles of these rows of the input.

        Some rows at once; the last ones, which are too few, one by one. Where all that a window
        reaches is there, windows go together; at the edges each takes what there is.
        """
        g, grads, turned = self.geometry, arrays["transformed_grad"], arrays["turned_weights"]
        middle = last - (last - first) % self.input_rows
        for begin, end, rows in ((first, middle, self.input_rows), (middle, last, 1)):
            taps = g.kernel + rows - 1
            for start, stop in self._alike(begin, end, rows):
                top = start - (g.kernel - 1 - g.padding)  # the first row of sums that it reaches
                low, high = max(top, 0), min(top + taps, g.rows)
                out = numbers[:, start - first : stop - first]
                if low >= high:
                    yield from fill(out)
                    continue
                columns = slice((low - top) * g.filters, (high - top) * g.filters)
                weights = turned[:, None, : rows * g.channels, columns]
                window = _windows(grads[:, low:], high - low, rows)[:, : (stop - start) // rows]
                shape = (SIZE, -1, rows * g.channels, out.shape[-1])
                yield partial(np.matmul, weights, window, out=out.reshape(shape))

    def _alike(self, first: int, last: int, rows: int) -> Iterator[tuple[int, int]]:
        """So many rows of the input at a time: starts and stops of those that go together."""
        g = self.geometry
        top = g.kernel - 1 - g.padding
        whole = range(top, g.rows + top - (g.kernel + rows - 2))
        for inside, group in groupby(range(first, last, rows), whole.__contains__):
            starts = list(group)
            if inside:
                yield starts[0], starts[-1] + rows
            else:
                yield from ((start, start + rows) for start in starts)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        g = self.geometry
        by_tap = arrays["taps"].reshape(g.kernel, -1)
        matrix = _matrices(self, arrays).weights_turned
        yield partial(np.matmul, matrix, arrays["gradient"].reshape(SIZE, -1), out=by_tap)
        by_column = by_tap.reshape(g.kernel, g.kernel, g.channels, g.filters)
        shape = (g.filters, g.kernel, g.kernel, g.channels)
        yield partial(np.copyto, out.reshape(shape), by_column.transpose(3, 1, 0, 2))


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution is of that kind, and gains by it.

    Its channels must be many enough, and its last tile must not be too empty.
    """
    return (
        geometry.kernel in (3, 5)
        and geometry.stride == 1
        and geometry.padding < geometry.kernel
        and min(geometry.channels, geometry.filters) >= FEWEST_CHANNELS[geometry.kernel]
        and 3 * SIZE * in_tiles(geometry).columns <= 2 * geometry.kernel * geometry.columns
    )


def in_tiles(geometry: RowGeometry) -> RowGeometry:
    """The same with its columns in as many phases as a tile has outputs."""
    return in_phases(geometry, SIZE + 1 - geometry.kernel)


def _matrices(products: WinogradProducts, arrays: Arrays) -> Matrices:
    g, dtype = products.geometry, arrays["weights"].dtype
    return arrays.once("matrices", lambda: Matrices(g.kernel, g.phases, dtype))


def _windows(rows: FloatArray, kernel: int, step: int = 1) -> FloatArray:
    """A view (6, windows, kernel · C, run): as many rows as one matrix, from every so many on."""
    size, height, channels, run = rows.shape
    shape = (size, (height - kernel) // step + 1, kernel * channels, run)
    matrix, row, channel, number = rows.strides
    return as_strided(rows, shape, (matrix, step * row, channel, number), writeable=False)
