"""A convolution of stride 1, pooling over 2 × 2 windows and the ReLU, a whole window at a time."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add
from hpsearch.nn.convolutions.quads import QuadProducts
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.stages.finished import FinishedConvolution


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
