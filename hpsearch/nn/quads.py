"""A convolution of stride 1 whose output is pooled over 2 × 2 windows, the window at a time.

The four sums of a window are four filters of a convolution of stride 2: the filter stands in a
kernel of one more row and column, at its four places. So one product makes whole windows from an
input that is unrolled for every second column only. With few filters BLAS gains more by the larger
product than it loses by the zeros in it. The sums are (rows, 4, filters, run), in the order upper
left, lower left, upper right, lower right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add
from hpsearch.nn.fused import FinishedConvolution
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.products import RowGeometry
from hpsearch.nn.rows import RowProducts

FEWEST_TAPS = 5  # with a smaller kernel too much of the product is zeros
MANY_FILTERS = 16  # beyond these, and with several channels, a row's product is large enough


class QuadProducts(RowProducts):
    """The products of the convolution of stride 2 that makes four sums at once."""

    def __init__(self, geometry: RowGeometry) -> None:
        self.single = geometry
        super().__init__(
            replace(
                geometry,
                filters=4 * geometry.filters,
                kernel=geometry.kernel + 1,
                stride=2,
                rows=geometry.rows // 2,
                columns=geometry.columns // 2,
            )
        )

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, shape = self.single, (self.geometry.filters, self.depth)
        return {
            **super().buffers(batch, wants_input_gradient),
            "quad_weight": Buffer(shape, initial=0),
            "quad_gradient": Buffer((g.kernel, g.kernel, g.channels, g.filters), scratch=True),
        }

    def take_weight(self, weight: FloatArray, arrays: Arrays) -> Iterator[Step]:
        g, quads = self.single, arrays["quad_weight"]
        four = self._four(quads).transpose(0, 1, 5, 2, 3, 4)
        yield partial(np.copyto, four, weight.reshape(g.filters, g.kernel, g.kernel, g.channels))
        yield from super().take_weight(quads, arrays)

    def make(
        self,
        rows: slice,
        x: FloatArray,
        weight: FloatArray,  # noqa: ARG002  # stands in its places
        out: FloatArray,
        arrays: Arrays,
        bias: FloatArray | None = None,
    ) -> Iterator[Step]:
        return super().make(rows, x, arrays["quad_weight"], out, arrays, bias)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        four, total = self._four(arrays["gradient"][0].T), arrays["quad_gradient"]
        yield partial(np.add.reduce, four, axis=(0, 1), out=total)
        yield partial(np.copyto, out, total.reshape(-1, len(out)).T)

    def _four(self, quads: FloatArray) -> FloatArray:
        """The filter's four places in (4 F, depth): a view (2, 2, kernel, kernel, C, F)."""
        g = self.single
        across, along = quads.strides
        right, row = g.channels * along, (g.kernel + 1) * g.channels * along
        lower = g.filters * across
        return as_strided(
            quads,
            (2, 2, g.kernel, g.kernel, g.channels, g.filters),
            (2 * lower + right, lower + row, row, right, along, across),
        )


class ConvolutionQuads(FinishedConvolution):
    """max over 2 × 2 windows of a convolution, and of that and 0.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Who
    takes the gradient is kept as bytes, one for each sum. Where sums are equal, it is the first
    column and then the first row.
    """

    def __init__(self, convolution: Convolution) -> None:
        filters, height, width = convolution.output_shape
        products = QuadProducts(convolution.geometry)
        super().__init__(convolution, (filters, height // 2, width // 2), products)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        filters, height, width = self.output_shape
        return {
            **super().buffers(batch),
            "winners": Buffer((height, 4, filters, width * batch), mask=True),
            "bias_gradients": Buffer((height, 4, filters), scratch=True),
        }

    def finish(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        winners, zeros = arrays["winners"][rows], arrays["zeros"]
        by_place = sums.reshape(winners.shape)
        left, right = by_place[:, :2], by_place[:, 2:]
        upper, lower = left[:, 0], left[:, 1]
        best = out[0]
        yield partial(np.greater, right, left, out=winners[:, 2:])
        yield partial(np.maximum, left, right, out=left)
        yield partial(np.greater, lower, upper, out=winners[:, 1])
        yield partial(np.maximum, upper, lower, out=best)
        yield add(best, arrays["bias"])
        yield partial(np.maximum, best, zeros, out=best)
        yield partial(np.greater, best, 0, out=winners[:, 0])
        for one, other in ((winners[:, 0], winners[:, 1]), (winners[:, :2], winners[:, 2:])):
            yield partial(np.logical_and, other, one, out=other)
            yield partial(np.logical_xor, one, other, out=one)  # one of both, or none

    def finish_evaluated(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        by_place = sums.reshape(arrays["winners"][rows].shape)
        left, right = by_place[:, :2], by_place[:, 2:]
        yield partial(np.maximum, left, right, out=left)
        yield partial(np.maximum, left[:, 0], left[:, 1], out=out[0])
        yield add(out, arrays["bias"])
        yield partial(np.maximum, out, arrays["zeros"], out=out)

    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        winners, ones = arrays["winners"][rows], arrays["ones"]
        by_place = out.reshape(winners.shape)
        yield partial(np.copyto, by_place, winners)
        yield partial(np.multiply, by_place, grad[0][:, None], out=by_place)
        yield partial(np.matmul, by_place, ones, out=arrays["bias_gradients"][rows])


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution gains by it."""
    return geometry.kernel >= FEWEST_TAPS and (
        geometry.filters <= MANY_FILTERS or geometry.channels == 1
    )
