"""A convolution and the ReLU, in one stage."""

from collections.abc import Iterator

from hpsearch.nn.arrays import Arrays, FloatArray, Step
from hpsearch.nn.convolutions.products import Products, in_phases
from hpsearch.nn.convolutions.rows import RowProducts
from hpsearch.nn.convolutions.tiles import Tiling
from hpsearch.nn.convolutions.winograd import WinogradProducts, in_tiles, suits
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.stages.finished import FinishedConvolution


class ConvolutionReLU(FinishedConvolution):
    """max(convolution(x), 0)."""

    bias_in_sums = True

    def __init__(self, convolution: Convolution, tiling: Tiling | None = None) -> None:
        geometry = convolution.geometry
        products: Products = RowProducts(in_phases(geometry, tiling.step if tiling else 1))
        if suits(geometry):
            products = WinogradProducts(in_tiles(geometry))
        super().__init__(convolution, convolution.output_shape, products, tiling)

    def finish(
        self,
        sums: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # keeps no mask: the output is one
        arrays: Arrays,
    ) -> Iterator[Step]:
        return self.finish_columns(sums, out, arrays)

    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        if self._keeps_phases():
            yield from self.before_bias(grad, out, rows, arrays)
            return
        masked = arrays["grad"][:, : grad.shape[1]]
        yield from self.before_bias(grad, masked, rows, arrays)
        yield from self.spread(masked, out)
