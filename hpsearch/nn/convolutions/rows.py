"""A convolution as matrix products, row by row of its output.

Unrolling the input by column taps alone, u[r, v, c, j] = x̃[r, c, j·stride + v], is enough: `kernel`
rows of u, which lie one after another, are the matrix whose product with the weight is a row of the
output. x̃ is x with zeros around it. docs/networks.md has the picture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add, fill
from hpsearch.nn.convolutions.products import BLOCK, Products, RowGeometry
from hpsearch.nn.convolutions.slots import Slots


@dataclass(frozen=True)
class InputRows:
    """A product of the input's gradient: `weight` times these rows of dy, (rows F, run), is `out`.

    Where `rows` are none, no sum reaches these rows of the input.
    """

    weight: FloatArray
    rows: slice
    out: FloatArray


class RowProducts(Products):
    """One matrix product for each row of the output."""

    def __init__(self, geometry: RowGeometry) -> None:
        super().__init__(geometry)
        self.depth = geometry.kernel**2 * geometry.channels
        self.row_taps = -(-geometry.kernel // geometry.stride)  # rows of dy that reach a row of dx
        self.slots = Slots(geometry)

    def rows_at_once(self, batch: int) -> int:
        g = self.geometry
        row = max(g.filters, g.kernel * g.channels) * g.columns * g.phases * batch
        pair = min(2, g.phases)
        groups = BLOCK // (pair * max(row, g.filters * self.depth))
        return max(1, min(groups, g.rows // pair)) * pair

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, at_once = self.geometry, self.rows_at_once(batch)
        step = g.kernel * g.channels
        buffers = {
            "unrolled": Buffer(
                (g.height + 2 * g.padding, g.kernel, g.channels, g.phases, g.columns, batch),
                initial=0,
            ),
            **self.gradient_buffers(self.depth, at_once, g.columns * batch, matrices=g.phases),
        }
        if wants_input_gradient:
            rows = g.height if at_once >= g.rows else min(at_once * g.stride, g.height)
            slots = (rows, g.channels, self.slots.columns, batch)
            buffers |= {
                "weight_by_row": Buffer((g.stride, step, self.row_taps * g.filters), initial=0),
                "row_grads": Buffer((g.phases, rows, g.kernel, *slots[1:]), initial=0),
                "slots": Buffer((self.slots.step, *slots), scratch=True),
                "grad_input": Buffer((g.height, g.channels, g.width, batch)),
            }
        return buffers

    def take_weight(self, weight: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """The weight as (s v c, u f) with u ≡ s modulo the stride, falling; 0 where u is none."""
        if "weight_by_row" not in arrays:
            return
        g = self.geometry
        taps = weight.reshape(g.filters, g.kernel, g.kernel, g.channels)
        shape = (g.stride, g.kernel, g.channels, self.row_taps, g.filters)
        by_row = arrays["weight_by_row"].reshape(shape)
        for s in range(min(g.stride, g.kernel)):
            chosen = taps[:, s :: g.stride][:, ::-1].transpose(2, 3, 1, 0)
            place = by_row[s, :, :, self.row_taps - chosen.shape[2] :]
            yield partial(np.copyto, place, chosen)

    def make(
        self,
        rows: slice,
        x: FloatArray,
        weight: FloatArray,
        out: FloatArray,
        arrays: Arrays,
        bias: FloatArray | None = None,
    ) -> Iterator[Step]:
        unrolled = arrays["unrolled"]
        for place, source in places(unrolled, self.geometry, self.geometry.newly_reached(rows)):
            yield partial(np.copyto, place, x[source])
        window = windows(unrolled, self.geometry)[:, rows]
        yield partial(np.matmul, weight, window, out=out)
        if bias is not None:
            yield add(out, bias)

    def take_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> Iterator[Step]:
        window = windows(arrays["unrolled"], self.geometry)[:, rows]
        yield from self.multiply(window, grad, arrays, first=rows.start == 0)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        total = arrays["gradient"]
        if len(total) > 1:
            yield partial(np.sum, total, axis=0, out=arrays["gradient_of_rows"][0])
            total = arrays["gradient_of_rows"]
        yield partial(np.copyto, out, total[0].T)

    def pass_on(self, rows: slice, grad: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """dx̃[r, c, j·stride + v] += Σ over u, f of W[f, u, v, c] · dy[i, f, j], i·stride + u = r.

        All u and f in one product, because the rows i of dy that reach r lie one after another; and
        for up to `stride` rows r at once, which the same rows reach. Then, for a few rows, the
        column taps v are added up.
        """
        if rows.stop < self.geometry.rows:
            return
        by_row = grad.reshape(len(grad), -1, grad.shape[-1])
        g, row_grads = self.geometry, arrays["row_grads"]
        at_once = row_grads.shape[1]
        for start in range(0, g.height, at_once):
            stop = min(start + at_once, g.height)
            for product in self._input_rows(start, stop, arrays):
                if product.rows.start < product.rows.stop:
                    values = by_row[:, product.rows]
                    yield partial(np.matmul, product.weight, values, out=product.out)
                else:
                    yield from fill(product.out)
            yield from self.slots.add_up(
                row_grads[:, : stop - start],
                arrays["slots"][:, : stop - start],
                arrays["grad_input"][start:stop],
            )

    def _input_rows(self, start: int, stop: int, arrays: Arrays) -> Iterator[InputRows]:
        g, row_grads = self.geometry, arrays["row_grads"]
        step, run = g.kernel * g.channels, g.columns * row_grads.shape[-1]
        products = row_grads.reshape(g.phases, row_grads.shape[1] * step, -1)[..., :run]
        by_row = arrays["weight_by_row"].reshape(g.stride * step, -1)
        row = start
        while row < stop:
            last, tap = divmod(row + g.padding, g.stride)  # reaches the row with its first taps
            count = min(g.stride - tap, stop - row)
            low, high = max(0, last - self.row_taps + 1), min(g.rows, last + 1)
            first = low - (last - self.row_taps + 1)
            columns = slice(first * g.filters, (first + high - low) * g.filters)
            yield InputRows(
                weight=by_row[tap * step : (tap + count) * step, columns],
                rows=slice(low * g.filters, high * g.filters),
                out=products[:, (row - start) * step : (row - start + count) * step],
            )
            row += count


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


def places(
    unrolled: FloatArray, geometry: RowGeometry, rows: slice
) -> Iterator[tuple[FloatArray, tuple[slice, slice, slice]]]:
    """Where these rows of an input x (H, C, W, batch) stand in u, and which part of x stands there.

    `unrolled` is u, (H + 2 padding, kernel, C, phases, columns, batch), and must hold zeros where
    the padding reaches.
    """
    inside = unrolled[geometry.padding : geometry.padding + geometry.height]
    for v in range(geometry.kernel):
        for phase in range(geometry.phases):
            target, source = reach(v, phase, geometry)
            yield inside[rows, v, :, phase, target], (rows, slice(None), source)


def windows(unrolled: FloatArray, geometry: RowGeometry) -> FloatArray:
    """A view (phases, rows, depth, run): the matrices of all products."""
    run = geometry.columns * unrolled.shape[-1]
    depth = geometry.kernel**2 * geometry.channels
    item, row = unrolled.itemsize, unrolled.strides[0]
    return as_strided(
        unrolled,
        (geometry.phases, geometry.rows, depth, run),
        (run * item, geometry.stride * row, geometry.phases * run * item, item),
        writeable=False,
    )
