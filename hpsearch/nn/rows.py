"""A convolution as matrix products, one for each row of its output.

Unrolling the input by column taps alone, u[r, v, c, j] = x̃[r, c, j·stride + v], is enough: `kernel`
rows of u, which lie one after another, are the matrix whose product with the weight is a row of the
output. x̃ is x with zeros around it. docs/networks.md has the picture.

With two phases the output columns stand in the order 0, 2, 4, … 1, 3, 5, …, so that the two halves of
every 2 × 2 pooling window are whole runs of memory; `columns` is then the number of columns in one half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Buffer, FloatArray


@dataclass(frozen=True)
class RowGeometry:
    """The sizes of a convolution; `rows` and `columns` of output, columns times `phases`."""

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

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        """The workspaces that the functions below take by name."""
        matrix = (self.filters, self.kernel**2 * self.channels)
        out_row = (self.phases, self.columns, batch)
        padded = self.height + 2 * self.padding
        buffers = {
            "unrolled": Buffer((padded, self.kernel, self.channels, *out_row), zeroed=True),
            "row_grad_weight": Buffer(matrix),
        }
        if wants_input_gradient:
            buffers |= {
                "weight_by_column": Buffer(matrix),
                "row_grad": Buffer((self.kernel, self.channels, *out_row)),
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
    """A view (rows, kernel·kernel·C, phases·columns·batch): a matrix for each row of the output."""
    depth = geometry.kernel**2 * geometry.channels
    run = geometry.phases * geometry.columns * unrolled.shape[-1]
    item = unrolled.itemsize
    return as_strided(
        unrolled,
        (geometry.rows, depth, run),
        (geometry.stride * unrolled.strides[0], run * item, item),
        writeable=False,
    )


def add_weight_gradient(
    grad_row: FloatArray, window: FloatArray, scratch: FloatArray, out: FloatArray
) -> None:
    """out += what one row of the output, (filters, run), gives to the weight's gradient."""
    np.matmul(grad_row, window.T, out=scratch)
    out += scratch


def input_gradient(
    grad_rows: FloatArray,
    weight: FloatArray,
    arrays: Mapping[str, FloatArray],
    geometry: RowGeometry,
) -> FloatArray:
    """dx̃[r, c, j·stride + v] += Σ over u, f of W[f, u, v, c] · dy[i, f, j], i·stride + u = r.

    All u and f in one product for each row r, because the rows i of dy, (rows, filters, run), that
    reach r lie one after another; then the column taps v are added up.
    """
    grad_input, row_grad = arrays["grad_input"], arrays["row_grad"]
    product = row_grad.reshape(geometry.kernel * geometry.channels, -1)
    taps_of_columns = [
        (row_grad[v, :, phase, source], target)
        for v in range(geometry.kernel)
        for phase in range(geometry.phases)
        for source, target in [geometry.reach(v, phase)]
        if source.stop > source.start
    ]
    grad_input.fill(0)
    for phase in range(geometry.stride):
        by_column = weight_by_column(weight, phase, arrays["weight_by_column"], geometry)
        for low, high, height, part in _rows_of_phase(by_column, phase, geometry):
            np.matmul(part, grad_rows[low:high].reshape(part.shape[1], -1), out=product)
            row = grad_input[height]
            for values, target in taps_of_columns:
                row[:, target] += values
    return grad_input


def weight_by_column(
    weight: FloatArray, phase: int, out: FloatArray, geometry: RowGeometry
) -> FloatArray:
    """The weight as (v c, u f) with u falling, for the taps u ≡ phase modulo the stride."""
    kernel = geometry.kernel
    taps = weight.reshape(geometry.filters, kernel, kernel, geometry.channels)
    chosen = taps[:, phase :: geometry.stride][:, ::-1].transpose(2, 3, 1, 0)
    part = out.reshape(-1)[: chosen.size].reshape(chosen.shape)
    np.copyto(part, chosen)
    return part.reshape(kernel * geometry.channels, chosen.shape[2] * geometry.filters)


def _rows_of_phase(
    by_column: FloatArray, phase: int, geometry: RowGeometry
) -> Sequence[tuple[int, int, int, FloatArray]]:
    """For image rows h ≡ phase: rows low..high of dy that reach h, h, and their weights."""
    taps = by_column.shape[1] // geometry.filters
    found = []
    for height in range(geometry.height):
        row = height + geometry.padding
        last = row // geometry.stride  # the row of dy that meets it with its first tap
        low, high = max(0, last - taps + 1), min(geometry.rows, last + 1)
        if row % geometry.stride == phase and low < high:
            first = (taps - 1 - (last - low)) * geometry.filters
            part = by_column[:, first : first + (high - low) * geometry.filters]
            found.append((low, high, height, part))
    return found
