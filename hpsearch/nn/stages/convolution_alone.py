"""A convolution in Winograd's tiles, with nothing behind it that could be joined."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, FloatArray, Step
from hpsearch.nn.convolutions.winograd import WinogradProducts, in_tiles
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.stages.finished import FinishedConvolution


class ConvolutionAlone(FinishedConvolution):
    """convolution(x), its columns put in order."""

    bias_in_sums = True

    def __init__(self, convolution: Convolution) -> None:
        products = WinogradProducts(in_tiles(convolution.geometry))
        super().__init__(convolution, convolution.output_shape, products)

    def finish(
        self,
        sums: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # keeps no mask
        arrays: Arrays,  # noqa: ARG002  # needs none
    ) -> Iterator[Step]:
        return self.put_columns(sums, out)

    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        yield partial(np.matmul, grad, arrays["ones"], out=arrays["bias_gradients"][:, rows])
        yield from self.spread(grad, out)
