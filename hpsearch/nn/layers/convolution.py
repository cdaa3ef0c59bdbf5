"""The convolution (the book's chapter 7.2).

x (H, C, W, batch) → y (OH, F, OW, batch), OH = (H + 2 padding - kernel) // stride + 1.
y[i, f, j] = b[f] + Σ over u, v, c of W[f, u, v, c] · x̃[i·stride + u, c, j·stride + v], where x̃ is
x with zeros around it. The weight is kept as a matrix (F, kernel·kernel·C), columns in the order
u, v, c. What the book does with im2col, hpsearch.nn.rows does row by row.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, ParameterShape, Site, inside
from hpsearch.nn.products import RowGeometry
from hpsearch.nn.rows import RowProducts


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
        }

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        output: FloatArray = arrays["output"]
        sums = self._as_rows(output)
        self.products.begin(x, self.parameters["weight"], arrays)
        bias = self.parameters["bias"][:, None]
        self.products.make(slice(0, self.geometry.rows), sums, arrays, bias)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        grad = self._as_rows(grad_output)
        at_once = self.products.rows_at_once(grad_output.shape[-1])
        self.products.begin_gradient(arrays)
        for start in range(0, self.geometry.rows, at_once):
            rows = slice(start, min(start + at_once, self.geometry.rows))
            self.products.add_gradient(rows, grad[:, rows], arrays)
        self.products.weight_gradient(self.gradients["weight"], arrays)
        np.sum(np.sum(grad[0], axis=2), axis=0, out=self.gradients["bias"])
        if not self.wants_input_gradient:
            return grad_output
        return self.products.input_gradient(grad, self.parameters["weight"], arrays)

    def _as_rows(self, output: FloatArray) -> FloatArray:
        """(rows, filters, columns, batch) as (1 phase, rows, filters, run)."""
        return output.reshape(1, self.geometry.rows, self.geometry.filters, -1)
