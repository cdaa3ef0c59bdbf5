"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for,
and the convolution keeps its parameters.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray, Shape
from hpsearch.nn.layers.base import Layer, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.rows import (
    RowGeometry,
    add_weight_gradient,
    fold_weight_gradient,
    input_gradient,
    unroll,
    widen,
    windows,
)

MANY_FILTERS = 32  # from here on a product of one row is large enough


class FinishedConvolution(Layer):
    """A convolution, and what follows it, on a block of output rows at a time.

    `finish` makes the block from its products, `open` the products' gradient from the block's.
    """

    def __init__(
        self, convolution: Convolution, output_shape: Shape, geometry: RowGeometry
    ) -> None:
        super().__init__(convolution.site, output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.convolution = convolution
        self.geometry = geometry

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        geometry, rows = self.geometry, self.output_shape[1]
        row = (geometry.filters, geometry.columns * batch)
        at_once = geometry.rows_at_once(batch)
        kept = geometry.rows if self.wants_input_gradient else at_once
        block = (at_once // geometry.phases, *row)
        return {
            **geometry.buffers(batch, self.wants_input_gradient),
            "products": Buffer((geometry.phases, at_once, *row)),
            "grad_products": Buffer((geometry.phases, kept, *row)),
            "output": Buffer((rows, *row)),
            "grad": Buffer(block),
            "alive": Buffer(block, mask=True),
            "bias": Buffer(row),
            "zeros": Buffer(row, zeroed=True),
            "ones": Buffer(row[1:]),
        }

    @abstractmethod
    def finish(
        self, products: FloatArray, out: FloatArray, rows: slice, arrays: Mapping[str, FloatArray]
    ) -> None:
        """Make these rows of the output, (rows, filters, run), from their products.

        The products, (phases, rows · phases, filters, run), may be overwritten.
        """

    @abstractmethod
    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Mapping[str, FloatArray]
    ) -> None:
        """Make the gradient of the products from `grad`, that of these rows before the bias."""

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        geometry, parameters = self.geometry, self.convolution.parameters
        unroll(x, arrays["unrolled"], geometry)
        weight = widen(parameters["weight"], arrays["wide_weight"], geometry)
        arrays["bias"][...] = parameters["bias"][:, None]
        window = windows(arrays["unrolled"], geometry).swapaxes(0, 1)
        for rows, made in self._blocks(arrays):
            products = arrays["products"][:, : made.stop - made.start]
            np.matmul(weight, window[:, self._products(made)], out=self._wide(products))
            self.finish(products, arrays["output"][rows], rows, arrays)
        output: FloatArray = arrays["output"]
        return output.reshape(inside(self.output_shape, x.shape[-1]))

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        geometry, gradients = self.geometry, self.convolution.gradients
        arrays["wide_grad_weight"].fill(0)
        arrays["ones"].fill(1)
        gradients["bias"].fill(0)
        window = windows(arrays["unrolled"], geometry).swapaxes(0, 1)
        upstream = grad_output.reshape(arrays["output"].shape)
        for rows, made in self._blocks(arrays):
            kept = made if self.wants_input_gradient else slice(0, made.stop - made.start)
            grad = self._before_bias(upstream[rows], rows, arrays)
            gradients["bias"] += (grad @ arrays["ones"]).sum(axis=0)
            opened = arrays["grad_products"][:, kept]
            self.open(grad, opened, rows, arrays)
            add_weight_gradient(self._wide(opened), window[:, self._products(made)], arrays)
        fold_weight_gradient(arrays["wide_grad_weight"], gradients["weight"], geometry)
        if not self.wants_input_gradient:
            return grad_output
        weight = self.convolution.parameters["weight"]
        return input_gradient(arrays["grad_products"], weight, arrays, geometry)

    def _before_bias(
        self, grad: FloatArray, rows: slice, arrays: Mapping[str, FloatArray]
    ) -> FloatArray:
        """The gradient where the output is above 0."""
        alive, masked = arrays["alive"][: len(grad)], arrays["grad"][: len(grad)]
        np.greater(arrays["output"][rows], arrays["zeros"], out=alive)
        np.multiply(grad, alive, out=masked)
        return masked

    def _blocks(self, arrays: Mapping[str, FloatArray]) -> Iterator[tuple[slice, slice]]:
        """Blocks of rows of this stage's output, and of the convolution's."""
        phases, rows = self.geometry.phases, self.output_shape[1]
        at_once = arrays["products"].shape[1] // phases
        for start in range(0, rows, at_once):
            stop = min(start + at_once, rows)
            yield slice(start, stop), slice(start * phases, stop * phases)

    def _products(self, rows: slice) -> slice:
        together = self.geometry.together
        return slice(rows.start // together, rows.stop // together)

    def _wide(self, rows: FloatArray) -> FloatArray:
        """Rows as the products that make them: (phases, products, together · filters, run)."""
        wide = self.geometry.wide_weight_shape[0]
        return rows.reshape(len(rows), -1, wide, rows.shape[-1])


class ConvolutionReLU(FinishedConvolution):
    """max(convolution(x), 0)."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__(convolution, convolution.output_shape, convolution.geometry)

    def finish(
        self,
        products: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # keeps no mask
        arrays: Mapping[str, FloatArray],
    ) -> None:
        np.add(products[0], arrays["bias"], out=out)
        np.maximum(out, arrays["zeros"], out=out)

    def open(
        self,
        grad: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # kept no mask
        arrays: Mapping[str, FloatArray],  # noqa: ARG002  # needs none
    ) -> None:
        np.copyto(out[0], grad)


class ConvolutionMaxPooling(FinishedConvolution):
    """The maximum over 2 × 2 windows of a convolution, and of that and 0: the ReLU.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Where
    products are equal, the first column and then the first row takes the gradient.
    """

    def __init__(self, convolution: Convolution) -> None:
        filters, height, width = convolution.output_shape
        few = filters <= MANY_FILTERS and convolution.geometry.kernel >= 5
        geometry = replace(
            convolution.geometry,
            rows=height // 2 * 2,
            columns=width // 2,
            phases=2,
            together=2 if few else 1,
        )
        super().__init__(convolution, (filters, height // 2, width // 2), geometry)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        filters, height, width = self.output_shape
        return {
            **super().buffers(batch),
            "right": Buffer((2 * height, filters, width * batch), mask=True),
            "lower": Buffer((height, filters, width * batch), mask=True),
        }

    def finish(
        self, products: FloatArray, out: FloatArray, rows: slice, arrays: Mapping[str, FloatArray]
    ) -> None:
        left, right = products
        np.greater(right, left, out=arrays["right"][2 * rows.start : 2 * rows.stop])
        np.maximum(left, right, out=left)
        upper, lower = left[0::2], left[1::2]
        np.greater(lower, upper, out=arrays["lower"][rows])
        np.maximum(upper, lower, out=out)
        np.add(out, arrays["bias"], out=out)
        np.maximum(out, arrays["zeros"], out=out)

    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Mapping[str, FloatArray]
    ) -> None:
        left, right = out
        upper, lower = left[0::2], left[1::2]
        np.multiply(grad, arrays["lower"][rows], out=lower)
        np.subtract(grad, lower, out=upper)
        np.multiply(left, arrays["right"][2 * rows.start : 2 * rows.stop], out=right)
        np.subtract(left, right, out=left)
