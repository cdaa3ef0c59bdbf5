"""y = tanh(x), and dy/dx = 1 - y²."""

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.activation import Activation


class Tanh(Activation):
    """y = tanh(x)."""

    def forward(self, x: FloatArray) -> FloatArray:
        output: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["output"]
        np.tanh(x, out=output)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        output = arrays["output"]
        grad_input: FloatArray = arrays["grad_input"]
        np.multiply(output, output, out=grad_input)
        np.subtract(1, grad_input, out=grad_input)
        grad_input *= grad_output
        return grad_input
