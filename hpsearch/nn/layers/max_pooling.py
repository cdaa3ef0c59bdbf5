"""The maximum of each window (the book's chapter 7.3).

x (H, C, W, batch) → y (OH, C, OW, batch), OH = (H + 2 padding - window) // stride + 1.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, MaskArray
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
        here, still_open = arrays["here"], arrays["open"]
        grad_padded: FloatArray = arrays["grad_padded"]
        if self.stride < self.window:
            grad_padded.fill(0)
        still_open.fill(True)
        *places, last = zip(self.slices(self.padded), self.slices(grad_padded), strict=True)
        for values, grads in places:
            np.equal(values, arrays["output"], out=here)
            here &= still_open
            still_open ^= here
            self._give(grad_output, here, grads, arrays)
        self._give(grad_output, still_open, last[1], arrays)
        return self.crop(grad_padded)

    def _give(
        self, grad_output: FloatArray, mask: MaskArray, grads: FloatArray, arrays: Arrays
    ) -> None:
        """The gradient to one place of the windows; added up where windows overlap."""
        if self.stride >= self.window:
            np.multiply(grad_output, mask, out=grads)
            return
        np.multiply(grad_output, mask, out=arrays["share"])
        grads += arrays["share"]
