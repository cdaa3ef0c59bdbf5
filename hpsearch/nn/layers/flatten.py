"""(channels, height, width) → features, in the order height, channels, width. Moves nothing."""

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import Layer, Site, count, inside


class Flatten(Layer):
    """An image as a column of features."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, (count(site.shape),))

    def forward(self, x: FloatArray) -> FloatArray:
        return x.reshape(-1, x.shape[-1])

    def backward(self, grad_output: FloatArray) -> FloatArray:
        return grad_output.reshape(inside(self.input_shape, grad_output.shape[-1]))
