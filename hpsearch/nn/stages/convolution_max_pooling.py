"""A convolution of stride 1, pooling over 2 × 2 windows and the ReLU, in one stage."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step, add
from hpsearch.nn.convolutions.products import Products
from hpsearch.nn.convolutions.rows import RowProducts
from hpsearch.nn.convolutions.tiles import Tiling
from hpsearch.nn.convolutions.winograd import WinogradProducts, in_tiles, suits
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.stages.finished import FinishedConvolution


class ConvolutionMaxPooling(FinishedConvolution):
    """The maximum over 2 × 2 windows of a convolution, and of that and 0: the ReLU.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Where
    sums are equal, the first column and then the first row takes the gradient.
    """

    def __init__(self, convolution: Convolution, tiling: Tiling | None = None) -> None:
        filters, height, width = convolution.output_shape
        whole = replace(convolution.geometry, rows=height // 2 * 2)
        products: Products = RowProducts(replace(whole, columns=width // 2, phases=2))
        if suits(convolution.geometry):
            products = WinogradProducts(in_tiles(whole))
        halved = (filters, height // 2, width // 2)
        super().__init__(convolution, halved, products, tiling)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        buffers = super().buffers(batch)
        filters, height, _ = self.output_shape
        run = self.geometry.columns * batch
        rows_at_once = self.products.rows_at_once(batch) // 2
        spread = 0 if self._keeps_phases() else rows_at_once
        return {
            **buffers,
            "right": Buffer((self.phases, 2 * height, filters, run), mask=True),
            "lower": Buffer((self.phases, height, filters, run), mask=True),
            "spread": Buffer((self.phases, spread, filters, run), scratch=True),
        }

    def finish(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        left, right = sums[0::2], sums[1::2]
        upper, lower = left[:, 0::2], left[:, 1::2]
        made = slice(2 * rows.start, 2 * rows.stop)
        yield partial(np.greater, right, left, out=arrays["right"][:, made])
        yield partial(np.maximum, left, right, out=left)
        yield partial(np.greater, lower, upper, out=arrays["lower"][:, rows])
        yield partial(np.maximum, upper, lower, out=upper)
        yield add(upper, arrays["bias"])
        yield from self.finish_columns(upper, out, arrays)

    def finish_evaluated(
        self,
        sums: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # keeps no masks
        arrays: Arrays,
    ) -> Iterator[Step]:
        left, right = sums[0::2], sums[1::2]
        upper, lower = left[:, 0::2], left[:, 1::2]
        yield partial(np.maximum, left, right, out=left)
        yield partial(np.maximum, upper, lower, out=upper)
        yield add(upper, arrays["bias"])
        yield from self.finish_columns(upper, out, arrays)

    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        masked = arrays["grad"][:, : grad.shape[1]]
        yield from self.before_bias(grad, masked, rows, arrays)
        spread = masked
        if not self._keeps_phases():
            spread = arrays["spread"][:, : grad.shape[1]]
            yield from self.spread(masked, spread)
        left, right = out[0::2], out[1::2]
        upper, lower = left[:, 0::2], left[:, 1::2]
        made = slice(2 * rows.start, 2 * rows.stop)
        yield partial(np.multiply, spread, arrays["lower"][:, rows], out=lower)
        yield partial(np.subtract, spread, lower, out=upper)
        yield partial(np.multiply, left, arrays["right"][:, made], out=right)
        yield partial(np.subtract, left, right, out=left)
