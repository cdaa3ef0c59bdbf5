"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for, and
the convolution keeps its parameters.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, Site, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.rows import add_weight_gradient, input_gradient, unroll, windows


class ConvolutionReLU(Layer):
    """max(convolution(x), 0)."""

    def __init__(self, convolution: Convolution) -> None:
        super().__init__(convolution.site, convolution.output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.geometry = convolution.geometry
        self.convolution = convolution

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        run = self.geometry.columns * batch
        rows = (self.geometry.rows, self.geometry.filters, run)
        return {
            **self.geometry.buffers(batch, self.wants_input_gradient),
            "output": Buffer(inside(self.output_shape, batch)),
            "alive": Buffer(rows, mask=True),
            "grad_rows": Buffer(rows if self.wants_input_gradient else (1, *rows[1:])),
            "zeros": Buffer((run,), zeroed=True),
            "ones": Buffer((run,)),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        return self._forward(x, training=True)

    def evaluate(self, x: FloatArray) -> FloatArray:
        return self._forward(x, training=False)

    def _forward(self, x: FloatArray, training: bool) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        weight = self.convolution.parameters["weight"]
        bias = self.convolution.parameters["bias"][:, None]
        unroll(x, arrays["unrolled"], self.geometry)
        output: FloatArray = arrays["output"]
        rows = output.reshape(arrays["alive"].shape)
        zeros = arrays["zeros"]
        for row, alive, window in zip(
            rows, arrays["alive"], windows(arrays["unrolled"], self.geometry), strict=True
        ):
            np.matmul(weight, window, out=row)
            row += bias
            if training:
                np.greater(row, zeros, out=alive)
            np.maximum(row, zeros, out=row)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        rows, alive = arrays["grad_rows"], arrays["alive"]
        gradients = self.convolution.gradients
        gradients["weight"].fill(0)
        bias = np.zeros_like(gradients["bias"])
        arrays["ones"].fill(1)
        upstream = grad_output.reshape(alive.shape)
        for i, window in enumerate(windows(arrays["unrolled"], self.geometry)):
            row = rows[i % len(rows)]
            np.multiply(upstream[i], alive[i], out=row)
            bias += row @ arrays["ones"]
            add_weight_gradient(row, window, arrays["row_grad_weight"], gradients["weight"])
        np.copyto(gradients["bias"], bias)
        if not self.wants_input_gradient:
            return grad_output
        weight = self.convolution.parameters["weight"]
        return input_gradient(rows, weight, arrays, self.geometry)


class ConvolutionMaxPooling(Layer):
    """The maximum over 2 × 2 windows of a convolution, and with `relu` of that and 0.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers.
    """

    def __init__(self, convolution: Convolution, relu: bool) -> None:
        filters, height, width = convolution.output_shape
        super().__init__(convolution.site, (filters, height // 2, width // 2))
        self.wants_input_gradient = convolution.wants_input_gradient
        self.geometry = replace(
            convolution.geometry, rows=height // 2 * 2, columns=width // 2, phases=2
        )
        self.convolution, self.relu = convolution, relu

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        filters, height, width = self.output_shape
        run = width * batch
        pairs = (height, 2, filters, 2, run)
        return {
            **self.geometry.buffers(batch, self.wants_input_gradient),
            "output": Buffer(inside(self.output_shape, batch)),
            "pair": Buffer((2, filters, 2, run)),
            "lower": Buffer((height, filters, 2, run), mask=True),
            "right": Buffer((height, filters, run), mask=True),
            "alive": Buffer((height, filters, run), mask=True),
            "grad": Buffer((filters, run)),
            "grad_pairs": Buffer(pairs if self.wants_input_gradient else (1, *pairs[1:])),
            "zeros": Buffer((run,), zeroed=True),
            "ones": Buffer((run,)),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        return self._forward(x, training=True)

    def evaluate(self, x: FloatArray) -> FloatArray:
        return self._forward(x, training=False)

    def _forward(self, x: FloatArray, training: bool) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        weight = self.convolution.parameters["weight"]
        bias = self.convolution.parameters["bias"][:, None]
        unroll(x, arrays["unrolled"], self.geometry)
        output: FloatArray = arrays["output"]
        pair, zeros = arrays["pair"], arrays["zeros"]
        products = pair.reshape(2, self.geometry.filters, -1)
        upper, lower = pair
        left, right = upper[:, 0], upper[:, 1]
        window = windows(arrays["unrolled"], self.geometry)
        for i, row in enumerate(output.reshape(arrays["alive"].shape)):
            np.matmul(weight, window[2 * i : 2 * i + 2], out=products)
            if training:
                np.greater(lower, upper, out=arrays["lower"][i])
            np.maximum(upper, lower, out=upper)
            if training:
                np.greater(right, left, out=arrays["right"][i])
            np.maximum(left, right, out=row)
            row += bias
            if self.relu:
                if training:
                    np.greater(row, zeros, out=arrays["alive"][i])
                np.maximum(row, zeros, out=row)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        pairs, grad, scratch = arrays["grad_pairs"], arrays["grad"], arrays["row_grad_weight"]
        gradients = self.convolution.gradients
        gradients["weight"].fill(0)
        bias = np.zeros_like(gradients["bias"])
        arrays["ones"].fill(1)
        window = windows(arrays["unrolled"], self.geometry)
        upstream = grad_output.reshape(arrays["alive"].shape)
        for i in range(len(upstream)):
            if self.relu:
                np.multiply(upstream[i], arrays["alive"][i], out=grad)
            else:
                np.copyto(grad, upstream[i])
            bias += grad @ arrays["ones"]
            upper, lower = pairs[i % len(pairs)]
            np.multiply(grad, arrays["right"][i], out=upper[:, 1])
            np.subtract(grad, upper[:, 1], out=upper[:, 0])
            np.multiply(upper, arrays["lower"][i], out=lower)
            upper -= lower
            for k, half in enumerate((upper, lower)):
                flat = half.reshape(self.geometry.filters, -1)
                add_weight_gradient(flat, window[2 * i + k], scratch, gradients["weight"])
        np.copyto(gradients["bias"], bias)
        if not self.wants_input_gradient:
            return grad_output
        rows = pairs.reshape(self.geometry.rows, self.geometry.filters, -1)
        return input_gradient(rows, self.convolution.parameters["weight"], arrays, self.geometry)


def _site(convolution: Convolution) -> Site:
    return convolution.site
