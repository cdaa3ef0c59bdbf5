"""The maximum of each window (the book's chapter 7.3).

x (H, C, W, batch) → y (OH, C, OW, batch), OH = (H + 2 padding - window) // stride + 1.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import inside
from hpsearch.nn.layers.pooling import Pooling


class MaxPooling(Pooling):
    """The maximum of each window. Where several are equal, the first takes the gradient."""

    padding_value = -np.inf

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        masks = {
            name: Buffer(inside(self.output_shape, batch), mask=True, scratch=True)
            for name in ("here", "open")
        }
        return {**super().buffers(batch), **masks}

    def forward(self, x: FloatArray) -> FloatArray:
        self.padded = self.pad(x)
        output: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["output"]
        first, *others = self.slices(self.padded)
        np.copyto(output, first)
        for values in others:
            np.maximum(output, values, out=output)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        here, still_open, share = arrays["here"], arrays["open"], arrays["share"]
        grad_padded: FloatArray = arrays["grad_padded"]
        windows_overlap = self.stride < self.window
        if windows_overlap:
            grad_padded.fill(0)
        still_open.fill(True)
        for values, grads in zip(self.slices(self.padded), self.slices(grad_padded), strict=True):
            np.equal(values, arrays["output"], out=here)
            here &= still_open
            still_open ^= here
            np.multiply(grad_output, here, out=share if windows_overlap else grads)
            if windows_overlap:
                grads += share
        return self.crop(grad_padded)
