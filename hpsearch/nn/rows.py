"""A convolution as matrix products, row by row of its output.

Unrolling the input by column taps alone, u[r, v, c, j] = x̃[r, c, j·stride + v], is enough: `kernel`
rows of u, which lie one after another, are the matrix whose product with the weight is a row of the
output. x̃ is x with zeros around it. docs/networks.md has the picture.

Two things are asked for by hpsearch.nn.fused. With two `phases` the output columns stand in the
order 0, 2, 4, … 1, 3, 5, …, one product for each half. With two rows `together` one product gives
two rows of the output: the weight stands twice in a wider matrix, the second time one row of taps
further.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Buffer, FloatArray

BLOCK = 98_304  # numbers that the second-level cache of most processors holds (384 kB)


@dataclass(frozen=True)
class RowGeometry:
    """The sizes of a convolution: `rows` of output, and `columns` times `phases` of them."""

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
    together: int = 1

    @property
    def wide_weight_shape(self) -> tuple[int, int]:
        """The weight matrix of the products, for all rows that are made together."""
        depth = (self.kernel + self.together - 1) * self.kernel * self.channels
        return self.together * self.filters, depth

    def rows_at_once(self, batch: int) -> int:
        """How many rows of output to make before going on, so that they stay in the cache."""
        row = max(self.filters, self.kernel * self.channels) * self.columns * self.phases * batch
        gradient = self.phases * self.wide_weight_shape[0] * self.wide_weight_shape[1]
        groups = BLOCK // max(row * self.phases, gradient)
        return min(max(1, groups), self.rows // self.phases) * self.phases

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        """The workspaces that the functions below take by name."""
        out_row = (self.phases, self.columns, batch)
        at_once = self.rows_at_once(batch)
        padded = self.height + 2 * self.padding
        buffers = {
            "unrolled": Buffer((padded, self.kernel, self.channels, *out_row), zeroed=True),
            "wide_weight": Buffer(self.wide_weight_shape, zeroed=True),
            "wide_grad_weight": Buffer(self.wide_weight_shape),
            "product_grad_weight": Buffer(
                (self.phases, at_once // self.together, *self.wide_weight_shape)
            ),
        }
        if wants_input_gradient:
            buffers |= {
                "weight_by_column": Buffer(
                    (self.stride, self.filters, self.kernel**2 * self.channels)
                ),
                "row_grads": Buffer(
                    (self.phases, at_once, self.kernel, self.channels, *out_row[1:])
                ),
                "grad_input": Buffer((self.height, self.channels, self.width, batch)),
            }
        return buffers

    def reach(self, v: int, phase: int) -> tuple[slice, slice]:
        """Columns of this phase whose tap v falls inside the image, and the columns it falls on."""
        step, offset = self.stride * self.phases, phase * self.stride + v - self.padding
        first = max(0, -(offset // step))
        last = min(self.columns - 1, (self.width - 1 - offset) // step)
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
            source, target = geometry.reach(v, phase)
            out[inside, v, :, phase, source] = x[:, :, target]


def windows(unrolled: FloatArray, geometry: RowGeometry) -> FloatArray:
    """A view (rows / together, phases, depth, columns·batch): the matrices of all products."""
    run = geometry.columns * unrolled.shape[-1]
    item, row = unrolled.itemsize, unrolled.strides[0]
    return as_strided(
        unrolled,
        (
            geometry.rows // geometry.together,
            geometry.phases,
            geometry.wide_weight_shape[1],
            run,
        ),
        (geometry.together * geometry.stride * row, run * item, geometry.phases * run * item, item),
        writeable=False,
    )


def widen(weight: FloatArray, out: FloatArray, geometry: RowGeometry) -> FloatArray:
    """The weight (filters, depth) for the rows made together; `out` must hold zeros elsewhere."""
    if geometry.together == 1:
        return weight
    for place in _places(out, geometry):
        place[...] = weight
    return out


def add_weight_gradient(
    grad_products: FloatArray, window: FloatArray, arrays: Mapping[str, FloatArray]
) -> None:
    """Add to the weight's gradient what some products give, both (phases, products, …, run)."""
    total = arrays["wide_grad_weight"]
    products = arrays["product_grad_weight"][:, : window.shape[1]]
    np.matmul(grad_products, window.swapaxes(2, 3), out=products)
    for phase in products:
        total += phase.sum(axis=0) if len(phase) > 1 else phase[0]


def fold_weight_gradient(wide: FloatArray, out: FloatArray, geometry: RowGeometry) -> None:
    """The gradient of the weight from that of the widened weight."""
    out.fill(0)
    for place in _places(wide, geometry):
        out += place


def _places(wide: FloatArray, geometry: RowGeometry) -> Iterator[FloatArray]:
    """The weight's places in the widened weight: one for each row."""
    filters, step = geometry.filters, geometry.kernel * geometry.channels
    for row in range(geometry.together):
        depth = slice(row * step, (row + geometry.kernel) * step)
        yield wide[row * filters : (row + 1) * filters, depth]


def input_gradient(
    grad_rows: FloatArray,
    weight: FloatArray,
    arrays: Mapping[str, FloatArray],
    geometry: RowGeometry,
) -> FloatArray:
    """dx̃[r, c, j·stride + v] += Σ over u, f of W[f, u, v, c] · dy[i, f, j], i·stride + u = r.

    All u and f in one product for each row r, because the rows i of dy, (phases, rows, filters,
    run), that reach r lie one after another; then, for a few rows, the column taps v are added up.
    """
    grad_input, row_grads = arrays["grad_input"], arrays["row_grads"]
    at_once = row_grads.shape[1]
    products = row_grads.reshape(geometry.phases, at_once, geometry.kernel * geometry.channels, -1)
    by_column = [
        _weight_by_column(weight, phase, arrays["weight_by_column"][phase], geometry)
        for phase in range(geometry.stride)
    ]
    grad_input.fill(0)
    for start in range(0, geometry.height, at_once):
        rows = grad_input[start : start + at_once]
        for height in range(start, start + len(rows)):
            product = products[:, height - start]
            phase = (height + geometry.padding) % geometry.stride
            low, high, part = _reached_rows(height, by_column[phase], geometry)
            if low < high:
                reached = grad_rows[:, low:high].reshape(geometry.phases, part.shape[1], -1)
                np.matmul(part, reached, out=product)
            else:
                product.fill(0)
        for phase in range(geometry.phases):
            for v in range(geometry.kernel):
                source, target = geometry.reach(v, phase)
                place = rows[:, :, target]
                np.add(place, row_grads[phase, : len(rows), v, :, source], out=place)
    return grad_input


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
    last = (height + geometry.padding) // geometry.stride  # the one that reaches with its first tap
    low, high = max(0, last - taps + 1), min(geometry.rows, last + 1)
    first = (taps - 1 - (last - low)) * geometry.filters
    return low, high, by_column[:, first : first + max(0, high - low) * geometry.filters]
