"""Activations, element by element (the book's chapters 3.2 and 5.5).

ReLU: y = max(x, 0), dy/dx = 1 where y > 0, else 0.
Sigmoid: y = 1 / (1 + exp(-x)), dy/dx = y (1 - y).
Tanh: y = tanh(x), dy/dx = 1 - y².
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, Site, inside


class Activation(Layer):
    """A function of each number alone; its derivative is computed from its output."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, site.shape)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        shape = inside(self.input_shape, batch)
        return {"output": Buffer(shape), "grad_input": Buffer(shape)}


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
