"""The mean of each window (the book's chapter 7.3).

x (H, C, W, batch) → y (OH, C, OW, batch), OH = (H + 2 padding - window) // stride + 1.
"""

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.pooling import Pooling


class AveragePooling(Pooling):
    """The mean of each window; padding counts as zeros."""

    def forward(self, x: FloatArray) -> FloatArray:
        output: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["output"]
        output.fill(0)
        for values in self.slices(self.pad(x)):
            output += values
        output *= 1 / self.window**2
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        grad_padded: FloatArray = arrays["grad_padded"]
        grad_padded.fill(0)
        np.multiply(grad_output, 1 / self.window**2, out=arrays["share"])
        for grads in self.slices(grad_padded):
            grads += arrays["share"]
        return self.crop(grad_padded)
