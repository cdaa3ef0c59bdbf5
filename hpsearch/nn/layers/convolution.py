"""The convolution (the book's chapter 7.2).

x (H, C, W, batch) → y (OH, F, OW, batch), OH = (H + 2 padding - kernel) // stride + 1.
y[i, f, j] = b[f] + Σ over u, v, c of W[f, u, v, c] · x̃[i·stride + u, c, j·stride + v], where x̃ is
x with zeros around it. The weight is kept as a matrix (F, kernel·kernel·C), columns in the order
u, v, c. What the book does with im2col, hpsearch.nn.convolutions.rows does row by row.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step
from hpsearch.nn.convolutions.products import RowGeometry
from hpsearch.nn.convolutions.rows import RowProducts
from hpsearch.nn.layers.base import Layer, ParameterShape, Site, inside


class Convolution(Layer):
    """A convolution with square filters and bias."""

    def __init__(
        self, site: Site, filters: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        channels, height, width = site.image_shape()
        if min(height, width) + 2 * padding < kernel_size:
            raise site.refuse(f"at least {kernel_size} rows and columns, padding included")
        self.geometry = RowGeometry(
            channels,
            height,
            width,
            filters,
            kernel_size,
            stride,
            padding,
            rows=(height + 2 * padding - kernel_size) // stride + 1,
            columns=(width + 2 * padding - kernel_size) // stride + 1,
        )
        super().__init__(site, (filters, self.geometry.rows, self.geometry.columns))
        self.products = RowProducts(self.geometry)

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        fan_in = self.geometry.kernel**2 * self.geometry.channels
        return {
            "weight": ParameterShape((self.geometry.filters, fan_in), fan_in=fan_in),
            "bias": ParameterShape((self.geometry.filters,), initial=0.0),
        }

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        return {
            **self.products.buffers(batch, self.wants_input_gradient),
            "output": Buffer(inside(self.output_shape, batch)),
            "ones": Buffer((self.geometry.columns * batch,), initial=1),
            "bias_gradients": Buffer((self.geometry.rows, self.geometry.filters), scratch=True),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        arrays.run("forward", x, lambda: self._forward(x, arrays))
        output: FloatArray = arrays["output"]
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        arrays.run("backward", grad_output, lambda: self._backward(grad_output, arrays))
        return arrays["grad_input"] if self.wants_input_gradient else grad_output

    def _forward(self, x: FloatArray, arrays: Arrays) -> Iterator[Step]:
        weight, sums = self.parameters["weight"], self._as_rows(arrays["output"])
        bias = self.parameters["bias"][:, None]
        yield from self.products.take_weight(weight, arrays)
        for rows in self._blocks(x.shape[-1]):
            yield from self.products.make(rows, x, weight, sums[:, rows], arrays, bias)

    def _backward(self, grad_output: FloatArray, arrays: Arrays) -> Iterator[Step]:
        grad = self._as_rows(grad_output)
        for rows in self._blocks(grad_output.shape[-1]):
            yield from self.products.take_gradient(rows, grad[:, rows], arrays)
            if self.wants_input_gradient:
                yield from self.products.pass_on(rows, grad, arrays)
        yield from self.products.weight_gradient(self.gradients["weight"], arrays)
        yield partial(np.matmul, grad[0], arrays["ones"], out=arrays["bias_gradients"])
        yield partial(np.sum, arrays["bias_gradients"], axis=0, out=self.gradients["bias"])

    def _blocks(self, batch: int) -> Iterator[slice]:
        at_once, height = self.products.rows_at_once(batch), self.geometry.rows
        return (slice(i, min(i + at_once, height)) for i in range(0, height, at_once))

    def _as_rows(self, output: FloatArray) -> FloatArray:
        """(rows, filters, columns, batch) as (1 phase, rows, filters, run)."""
        return output.reshape(1, self.geometry.rows, self.geometry.filters, -1)
