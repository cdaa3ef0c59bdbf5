"""y = max(x, 0), and dy/dx = 1 where y > 0, else 0 (the book's chapter 5.5.1)."""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.activation import Activation
from hpsearch.nn.layers.base import inside


class ReLU(Activation):
    """y = max(x, 0)."""

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        return {
            **super().buffers(batch),
            "alive": Buffer(inside(self.input_shape, batch), mask=True),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        output: FloatArray = arrays["output"]
        np.maximum(x, 0, out=output)
        np.greater(x, 0, out=arrays["alive"])
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        grad_input: FloatArray = arrays["grad_input"]
        np.multiply(grad_output, arrays["alive"], out=grad_input)
        return grad_input
