"""Pooling (the book's chapter 7.3): the maximum or the mean of each window.

x (H, C, W, batch) → y (OH, C, OW, batch), OH = (H + 2 padding - window) // stride + 1.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, Site, inside


class Pooling(Layer):
    """What both poolings share: windows as strided slices of the padded input."""

    padding_value = 0.0

    def __init__(
        self, site: Site, window: int, stride: int | None = None, padding: int = 0
    ) -> None:
        channels, height, width = site.image_shape()
        if min(height, width) + 2 * padding < window:
            raise site.refuse(f"at least {window} rows and columns, padding included")
        self.window, self.stride, self.padding = window, stride or window, padding
        self.out_height = (height + 2 * padding - window) // self.stride + 1
        self.out_width = (width + 2 * padding - window) // self.stride + 1
        super().__init__(site, (channels, self.out_height, self.out_width))

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        channels, height, width = self.input_shape
        padded = (channels, height + 2 * self.padding, width + 2 * self.padding)
        return {
            "padded": Buffer(inside(padded, batch if self.padding else 0)),
            "grad_padded": Buffer(inside(padded, batch)),
            "output": Buffer(inside(self.output_shape, batch)),
            "share": Buffer(inside(self.output_shape, batch), scratch=True),
        }

    def pad(self, x: FloatArray) -> FloatArray:
        """x with the padding around it."""
        if self.padding == 0:
            return x
        padded: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["padded"]
        padded.fill(self.padding_value)
        self.crop(padded)[...] = x
        return padded

    def crop(self, padded: FloatArray) -> FloatArray:
        """A view of the padded array without its padding."""
        _, height, width = self.input_shape
        p = self.padding
        return padded[p : p + height, :, p : p + width]

    def slices(self, padded: FloatArray) -> Iterator[FloatArray]:
        """For each place in the window, a view (OH, C, OW, batch) of what stands there."""
        down = self.stride * (self.out_height - 1) + 1
        along = self.stride * (self.out_width - 1) + 1
        for u in range(self.window):
            for v in range(self.window):
                yield padded[u : u + down : self.stride, :, v : v + along : self.stride]


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
        output.fill(-np.inf)
        for values in self.slices(self.padded):
            np.maximum(output, values, out=output)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        here, still_open, share = arrays["here"], arrays["open"], arrays["share"]
        grad_padded: FloatArray = arrays["grad_padded"]
        grad_padded.fill(0)
        still_open.fill(True)
        for values, grads in zip(self.slices(self.padded), self.slices(grad_padded), strict=True):
            np.equal(values, arrays["output"], out=here)
            here &= still_open
            still_open ^= here
            np.multiply(grad_output, here, out=share)
            grads += share
        return self.crop(grad_padded)


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
