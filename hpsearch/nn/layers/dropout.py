"""Inverted dropout (Srivastava et al. 2014; the book's chapter 6.4.3).

In training y = x · mask / (1 - rate), where the mask keeps each number with probability 1 - rate;
in evaluation y = x.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, Site, inside


class Dropout(Layer):
    """Sets a share of the numbers to zero. The network hands it its generator."""

    generator: np.random.Generator

    def __init__(self, site: Site, rate: float) -> None:
        super().__init__(site, site.shape)
        self.rate = rate

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        shape = inside(self.input_shape, batch)
        return {name: Buffer(shape) for name in ("factor", "output", "grad_input")}

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        factor: FloatArray = arrays["factor"]
        self.generator.random(dtype=factor.dtype.type, out=factor)
        np.greater_equal(factor, self.rate, out=factor)
        factor *= 1 / (1 - self.rate)
        output: FloatArray = arrays["output"]
        np.multiply(x, factor, out=output)
        return output

    def evaluate(self, x: FloatArray) -> FloatArray:
        return x

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        grad_input: FloatArray = arrays["grad_input"]
        np.multiply(grad_output, arrays["factor"], out=grad_input)
        return grad_input
