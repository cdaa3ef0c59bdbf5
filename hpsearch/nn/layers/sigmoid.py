"""y = 1 / (1 + exp(-x)), and dy/dx = y (1 - y) (the book's chapter 5.5.2)."""

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.activation import Activation


class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, which cannot overflow."""

    def forward(self, x: FloatArray) -> FloatArray:
        output: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["output"]
        np.multiply(x, 0.5, out=output)
        np.tanh(output, out=output)
        output += 1
        output *= 0.5
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        output = arrays["output"]
        grad_input: FloatArray = arrays["grad_input"]
        np.subtract(1, output, out=grad_input)
        grad_input *= output
        grad_input *= grad_output
        return grad_input
