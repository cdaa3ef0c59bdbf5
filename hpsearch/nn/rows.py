"""A convolution as matrix products, row by row of its output.

Unrolling the input by column taps alone, u[r, v, c, j] = x̃[r, c, j·stride + v], is enough: `kernel`
rows of u, which lie one after another, are the matrix whose product with the weight is a row of the
output. x̃ is x with zeros around it. docs/networks.md has the picture.

With two rows `together` one product gives two rows of the output: the weight stands twice in a
wider matrix, the second time one row of taps further.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.products import BLOCK, Arrays, Products, RowGeometry
from hpsearch.nn.slots import Slots


class RowProducts(Products):
    """One matrix product for each row, or for two rows together."""

    def __init__(self, geometry: RowGeometry, together: int = 1) -> None:
        super().__init__(geometry)
        self.together = together
        depth = (geometry.kernel + together - 1) * geometry.kernel * geometry.channels
        self.wide_shape = (together * geometry.filters, depth)
        self.slots = Slots(geometry)

    def rows_at_once(self, batch: int) -> int:
        g = self.geometry
        row = max(g.filters, g.kernel * g.channels) * g.columns * g.phases * batch
        gradient = g.phases * self.wide_shape[0] * self.wide_shape[1]
        groups = BLOCK // max(row * g.phases, gradient)
        return min(max(1, groups), g.rows // g.phases) * g.phases

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, at_once = self.geometry, self.rows_at_once(batch)
        out_row = (g.phases, g.columns, batch)
        weight_size = (g.filters, g.kernel**2 * g.channels)
        unrolled = (g.height + 2 * g.padding, g.kernel, g.channels, *out_row)
        buffers = {
            "unrolled": Buffer(unrolled, zeroed=True),
            "wide_weight": Buffer(self.wide_shape, zeroed=True),
            "wide_gradient": Buffer(self.wide_shape),
            "gradients": Buffer((g.phases, at_once // self.together, *self.wide_shape)),
        }
        if wants_input_gradient:
            buffers |= {
                "weight_by_column": Buffer((g.stride, *weight_size)),
                "row_grads": Buffer(
                    (g.phases, at_once, g.kernel, g.channels, self.slots.columns, batch),
                    zeroed=True,
                ),
                "slots": Buffer((self.slots.step, at_once, g.channels, self.slots.columns, batch)),
                "grad_input": Buffer((g.height, g.channels, g.width, batch)),
            }
        return buffers

    def begin(self, x: FloatArray, weight: FloatArray, arrays: Arrays) -> None:
        unroll(x, arrays["unrolled"], self.geometry)
        for place in self._places(arrays["wide_weight"]):
            place[...] = weight

    def make(self, rows: slice, out: FloatArray, arrays: Arrays) -> None:
        np.matmul(arrays["wide_weight"], self._windows(rows, arrays), out=self._by_product(out))

    def begin_gradient(self, arrays: Arrays) -> None:
        arrays["wide_gradient"].fill(0)

    def add_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> None:
        window, total = self._windows(rows, arrays), arrays["wide_gradient"]
        gradients = arrays["gradients"][:, : window.shape[1]]
        np.matmul(self._by_product(grad), window.swapaxes(2, 3), out=gradients)
        for phase in gradients:
            total += phase.sum(axis=0) if len(phase) > 1 else phase[0]

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> None:
        out.fill(0)
        for place in self._places(arrays["wide_gradient"]):
            out += place

    def input_gradient(self, grad: FloatArray, weight: FloatArray, arrays: Arrays) -> FloatArray:
        """dx̃[r, c, j·stride + v] += Σ over u, f of W[f, u, v, c] · dy[i, f, j], i·stride + u = r.

        All u and f in one product for each row r, because the rows i of dy that reach r lie one
        after another; then, for a few rows, the column taps v are added up.
        """
        g = self.geometry
        grad_input, row_grads = arrays["grad_input"], arrays["row_grads"]
        at_once, run = row_grads.shape[1], grad.shape[-1]
        products = row_grads.reshape(g.phases, at_once, g.kernel * g.channels, -1)[..., :run]
        by_column = [
            _weight_by_column(weight, phase, arrays["weight_by_column"][phase], g)
            for phase in range(g.stride)
        ]
        for start in range(0, g.height, at_once):
            rows = grad_input[start : start + at_once]
            for height in range(start, start + len(rows)):
                product = products[:, height - start]
                part_of_weight = by_column[(height + g.padding) % g.stride]
                low, high, part = _reached_rows(height, part_of_weight, g)
                if low < high:
                    reached = grad[:, low:high].reshape(g.phases, part.shape[1], -1)
                    np.matmul(part, reached, out=product)
                else:
                    product.fill(0)
            self.slots.add_up(row_grads[:, : len(rows)], arrays["slots"][:, : len(rows)], rows)
        return grad_input

    def _windows(self, rows: slice, arrays: Arrays) -> FloatArray:
        """The matrices (phases, products, depth, run) for these rows."""
        every = windows(arrays["unrolled"], self.geometry, self.together)
        first, last = rows.start // self.together, rows.stop // self.together
        return every[first:last].swapaxes(0, 1)

    def _by_product(self, rows: FloatArray) -> FloatArray:
        """Rows of sums as (phases, products, together · filters, run)."""
        return rows.reshape(len(rows), -1, self.wide_shape[0], rows.shape[-1])

    def _places(self, wide: FloatArray) -> Iterator[FloatArray]:
        """The weight's places in the widened weight: one for each row."""
        filters, step = self.geometry.filters, self.geometry.kernel * self.geometry.channels
        for row in range(self.together):
            depth = slice(row * step, (row + self.geometry.kernel) * step)
            yield wide[row * filters : (row + 1) * filters, depth]


def reach(v: int, phase: int, geometry: RowGeometry) -> tuple[slice, slice]:
    """Columns of this phase whose tap v falls inside the image, and the columns it falls on."""
    step = geometry.stride * geometry.phases
    offset = phase * geometry.stride + v - geometry.padding
    first = max(0, -(offset // step))
    last = min(geometry.columns - 1, (geometry.width - 1 - offset) // step)
    if last < first:
        return slice(0, 0), slice(0, 0)
    start = first * step + offset
    return slice(first, last + 1), slice(start, start + (last - first) * step + 1, step)


def unroll(x: FloatArray, out: FloatArray, geometry: RowGeometry) -> None:
    """u from x (H, C, W, batch), into `out` (H + 2 padding, kernel, C, phases, columns, batch).

    `out` must hold zeros where the padding reaches.
    """
    inside = slice(geometry.padding, geometry.padding + geometry.height)
    for v in range(geometry.kernel):
        for phase in range(geometry.phases):
            source, target = reach(v, phase, geometry)
            out[inside, v, :, phase, source] = x[:, :, target]


def windows(unrolled: FloatArray, geometry: RowGeometry, together: int = 1) -> FloatArray:
    """A view (rows / together, phases, depth, run): the matrices of all products."""
    run = geometry.columns * unrolled.shape[-1]
    depth = (geometry.kernel + together - 1) * geometry.kernel * geometry.channels
    item, row = unrolled.itemsize, unrolled.strides[0]
    return as_strided(
        unrolled,
        (geometry.rows // together, geometry.phases, depth, run),
        (together * geometry.stride * row, run * item, geometry.phases * run * item, item),
        writeable=False,
    )


def _weight_by_column(
    weight: FloatArray, phase: int, out: FloatArray, geometry: RowGeometry
) -> FloatArray:
    """The weight as (v c, u f) with u falling, for the taps u ≡ phase modulo the stride."""
    kernel = geometry.kernel
    taps = weight.reshape(geometry.filters, kernel, kernel, geometry.channels)
    chosen = taps[:, phase :: geometry.stride][:, ::-1].transpose(2, 3, 1, 0)
    part = out.reshape(-1)[: chosen.size].reshape(chosen.shape)
    np.copyto(part, chosen)
    return part.reshape(kernel * geometry.channels, chosen.shape[2] * geometry.filters)


def _reached_rows(
    height: int, by_column: FloatArray, geometry: RowGeometry
) -> tuple[int, int, FloatArray]:
    """For an image row: the rows low..high of dy that reach it, and their weights."""
    taps = by_column.shape[1] // geometry.filters
    last = (height + geometry.padding) // geometry.stride  # reaches it with its first tap
    low, high = max(0, last - taps + 1), min(geometry.rows, last + 1)
    first = (taps - 1 - (last - low)) * geometry.filters
    return low, high, by_column[:, first : first + max(0, high - low) * geometry.filters]
