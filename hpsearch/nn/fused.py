"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for, and
the convolution keeps its parameters.
"""

from abc import abstractmethod
from collections.abc import Mapping
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
    """A convolution, and what follows it, on one group of output rows at a time.

    A group gives one row of this stage's output, (filters, run): `finish` makes it from the
    products, `open` makes the gradient of the products from the row's gradient.
    """

    def __init__(
        self, convolution: Convolution, output_shape: Shape, geometry: RowGeometry
    ) -> None:
        super().__init__(convolution.site, output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.convolution = convolution
        self.geometry = geometry
        self.group = geometry.rows // output_shape[1]

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        geometry, rows = self.geometry, self.output_shape[1]
        row = (geometry.filters, geometry.columns * batch)
        kept_rows = geometry.rows if self.wants_input_gradient else self.group
        return {
            **geometry.buffers(batch, self.wants_input_gradient),
            "products": Buffer((geometry.phases, self.group, *row)),
            "output": Buffer((rows, *row)),
            "grad_products": Buffer((geometry.phases, kept_rows, *row)),
            "grad": Buffer(row),
            "alive": Buffer(row, mask=True),
            "bias": Buffer(row),
            "zeros": Buffer(row, zeroed=True),
            "ones": Buffer(row[1:]),
        }

    @abstractmethod
    def finish(self, i: int, row: FloatArray, arrays: Mapping[str, FloatArray]) -> None:
        """Make row i of the output from `products` (phases, group, filters, run)."""

    @abstractmethod
    def open(
        self, i: int, grad: FloatArray, grad_products: FloatArray, arrays: Mapping[str, FloatArray]
    ) -> None:
        """Make the gradient of the products from that of row i, which may be overwritten."""

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        geometry, parameters = self.geometry, self.convolution.parameters
        unroll(x, arrays["unrolled"], geometry)
        weight = widen(parameters["weight"], arrays["wide_weight"], geometry)
        arrays["bias"][...] = parameters["bias"][:, None]
        window = windows(arrays["unrolled"], geometry).swapaxes(0, 1)
        parts = self.group // geometry.together
        products = arrays["products"].reshape(geometry.phases, parts, len(weight), -1)
        for i, row in enumerate(arrays["output"]):
            np.matmul(weight, window[:, i * parts : (i + 1) * parts], out=products)
            self.finish(i, row, arrays)
        output: FloatArray = arrays["output"]
        return output.reshape(inside(self.output_shape, x.shape[-1]))

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        geometry, gradients = self.geometry, self.convolution.gradients
        arrays["wide_grad_weight"].fill(0)
        arrays["ones"].fill(1)
        gradients["bias"].fill(0)
        window = windows(arrays["unrolled"], geometry)
        parts = self.group // geometry.together
        grad_products = arrays["grad_products"]
        upstream = grad_output.reshape(arrays["output"].shape)
        for i in range(len(upstream)):
            first = i * self.group % grad_products.shape[1]
            opened = grad_products[:, first : first + self.group]
            self.open(i, upstream[i], opened, arrays)
            gradients["bias"] += arrays["grad"] @ arrays["ones"]
            by_product = opened.reshape(geometry.phases, parts, -1, opened.shape[-1])
            for part in range(parts):
                for phase in range(geometry.phases):
                    add_weight_gradient(
                        by_product[phase, part], window[i * parts + part, phase], arrays
                    )
        fold_weight_gradient(arrays["wide_grad_weight"], gradients["weight"], geometry)
        if not self.wants_input_gradient:
            return grad_output
        return input_gradient(
            grad_products, self.convolution.parameters["weight"], arrays, geometry
        )

    def rectify(self, row: FloatArray, arrays: Mapping[str, FloatArray]) -> None:
        """row ← max(row + bias, 0)."""
        np.add(row, arrays["bias"], out=row)
        np.maximum(row, arrays["zeros"], out=row)

    def mask(self, i: int, grad: FloatArray, arrays: Mapping[str, FloatArray]) -> None:
        """`grad` ← the row's gradient where its output is above 0."""
        np.greater(arrays["output"][i], arrays["zeros"], out=arrays["alive"])
        np.multiply(grad, arrays["alive"], out=arrays["grad"])


class ConvolutionReLU(FinishedConvolution):
    """max(convolution(x), 0)."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__(convolution, convolution.output_shape, convolution.geometry)

    def finish(self, i: int, row: FloatArray, arrays: Mapping[str, FloatArray]) -> None:
        np.add(arrays["products"][0, 0], arrays["bias"], out=row)
        np.maximum(row, arrays["zeros"], out=row)

    def open(
        self, i: int, grad: FloatArray, grad_products: FloatArray, arrays: Mapping[str, FloatArray]
    ) -> None:
        self.mask(i, grad, arrays)
        np.copyto(grad_products[0, 0], arrays["grad"])


class ConvolutionMaxPooling(FinishedConvolution):
    """The maximum over 2 × 2 windows of a convolution, and with `relu` of that and 0.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Where
    products are equal, the first column and then the first row takes the gradient.
    """

    def __init__(self, convolution: Convolution, relu: bool) -> None:
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
        self.relu = relu

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        filters, height, width = self.output_shape
        return {
            **super().buffers(batch),
            "right": Buffer((height, 2, filters, width * batch), mask=True),
            "lower": Buffer((height, filters, width * batch), mask=True),
        }

    def finish(self, i: int, row: FloatArray, arrays: Mapping[str, FloatArray]) -> None:
        left, right = arrays["products"]
        np.greater(right, left, out=arrays["right"][i])
        np.maximum(left, right, out=left)
        upper, lower = left
        np.greater(lower, upper, out=arrays["lower"][i])
        np.maximum(upper, lower, out=row)
        np.add(row, arrays["bias"], out=row)
        if self.relu:
            np.maximum(row, arrays["zeros"], out=row)

    def open(
        self, i: int, grad: FloatArray, grad_products: FloatArray, arrays: Mapping[str, FloatArray]
    ) -> None:
        if self.relu:
            self.mask(i, grad, arrays)
        else:
            np.copyto(arrays["grad"], grad)
        left, right = grad_products
        upper, lower = left
        np.multiply(arrays["grad"], arrays["lower"][i], out=lower)
        np.subtract(arrays["grad"], lower, out=upper)
        np.multiply(left, arrays["right"][i], out=right)
        np.subtract(left, right, out=left)
