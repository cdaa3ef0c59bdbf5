"""What poolings share (the book's chapter 7.3): windows.

x (H, C, W, batch) → y (OH, C, OW, batch), OH = (H + 2 padding - window) // stride + 1.
"""

from collections.abc import Iterator, Mapping

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
            "grad_padded": Buffer(inside(padded, batch), initial=0),
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
