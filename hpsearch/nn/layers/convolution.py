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
from hpsearch.nn.rows import (
    RowGeometry,
    add_weight_gradient,
    fold_weight_gradient,
    input_gradient,
    unroll,
    windows,
)


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

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        fan_in = self.geometry.kernel**2 * self.geometry.channels
        return {
            "weight": ParameterShape((self.geometry.filters, fan_in), fan_in=fan_in),
            "bias": ParameterShape((self.geometry.filters,), initial=0.0),
        }

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        return {
            **self.geometry.buffers(batch, self.wants_input_gradient),
            "output": Buffer(inside(self.output_shape, batch)),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        unroll(x, arrays["unrolled"], self.geometry)
        output: FloatArray = arrays["output"]
        rows = self._as_rows(output)
        window = windows(arrays["unrolled"], self.geometry)
        np.matmul(self.parameters["weight"], window, out=rows)
        rows += self.parameters["bias"][:, None]
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        rows = self._as_rows(grad_output)
        arrays["wide_grad_weight"].fill(0)
        grad_products = rows.swapaxes(0, 1)
        window = windows(arrays["unrolled"], self.geometry).swapaxes(0, 1)
        at_once = arrays["product_grad_weight"].shape[1]
        for start in range(0, self.geometry.rows, at_once):
            block = slice(start, start + at_once)
            add_weight_gradient(grad_products[:, block], window[:, block], arrays)
        fold_weight_gradient(arrays["wide_grad_weight"], self.gradients["weight"], self.geometry)
        np.sum(np.sum(rows, axis=(1, 3)), axis=0, out=self.gradients["bias"])
        if not self.wants_input_gradient:
            return grad_output
        weight = self.parameters["weight"]
        return input_gradient(grad_products, weight, arrays, self.geometry)

    def _as_rows(self, output: FloatArray) -> FloatArray:
        return output.reshape(self.geometry.rows, 1, self.geometry.filters, -1)
