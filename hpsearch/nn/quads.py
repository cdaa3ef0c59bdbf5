"""A convolution of stride 1 whose output is pooled over 2 × 2 windows, the window at a time.

The four sums of a window are four filters of a convolution of stride 2: the filter stands in a
kernel of one more row and column, at its four places. So one product makes whole windows from an
input that is unrolled for every second column only. With few filters BLAS gains more by the larger
product than it loses by the zeros in it. The sums are (rows, 4, filters, run), in the order upper
left, lower left, upper right, lower right.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray
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
            "quad_gradient": Buffer((g.kernel, g.kernel, g.channels, g.filters)),
        }

    def begin(self, x: FloatArray, weight: FloatArray, arrays: Arrays) -> None:
        g, quads = self.single, arrays["quad_weight"]
        four = arrays.once(
            "places in weight", lambda: self._four(quads).transpose(0, 1, 5, 2, 3, 4)
        )
        np.copyto(four, weight.reshape(g.filters, g.kernel, g.kernel, g.channels))
        super().begin(x, quads, arrays)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> None:
        four = arrays.once("places in gradient", lambda: self._four(arrays["gradient"].T))
        total = np.add.reduce(four, axis=(0, 1), out=arrays["quad_gradient"])
        np.copyto(out, total.reshape(-1, len(out)).T)

    def input_gradient(self, grad: FloatArray, weight: FloatArray, arrays: Arrays) -> FloatArray:  # noqa: ARG002  # stands in its places
        return super().input_gradient(grad, arrays["quad_weight"], arrays)

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
        }

    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:
        winners = arrays["winners"][rows]
        by_place = sums.reshape(winners.shape)
        left, right = by_place[:, :2], by_place[:, 2:]
        upper, lower = left[:, 0], left[:, 1]
        np.greater(right, left, out=winners[:, 2:])
        np.maximum(left, right, out=left)
        np.greater(lower, upper, out=winners[:, 1])
        best = out[0]
        np.maximum(upper, lower, out=best)
        np.add(best, arrays["bias"], out=best)
        np.maximum(best, arrays["zeros"], out=best)
        np.greater(best, 0, out=winners[:, 0])
        np.logical_and(winners[:, 1], winners[:, 0], out=winners[:, 1])
        np.logical_xor(winners[:, 0], winners[:, 1], out=winners[:, 0])  # one of both, or none
        np.logical_and(winners[:, 2:], winners[:, :2], out=winners[:, 2:])
        np.logical_xor(winners[:, :2], winners[:, 2:], out=winners[:, :2])

    def finish_evaluated(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> None:
        by_place = sums.reshape(arrays["winners"][rows].shape)
        left, right = by_place[:, :2], by_place[:, 2:]
        np.maximum(left, right, out=left)
        np.maximum(left[:, 0], left[:, 1], out=out[0])
        np.add(out, arrays["bias"], out=out)
        np.maximum(out, arrays["zeros"], out=out)

    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        winners = arrays["winners"][rows]
        by_place = out.reshape(winners.shape)
        np.copyto(by_place, winners)
        np.multiply(by_place, grad[0][:, None], out=by_place)
        total: FloatArray = (by_place @ arrays["ones"]).sum(axis=(0, 1))
        return total


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution gains by it."""
    return geometry.kernel >= FEWEST_TAPS and (
        geometry.filters <= MANY_FILTERS or geometry.channels == 1
    )
