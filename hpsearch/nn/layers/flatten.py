"""(channels, height, width) → features, in the order height, channels, width. Moves nothing."""

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import Layer, Site, count, inside


class Flatten(Layer):
    """An image as a column of features."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, (count(site.shape),))

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        return arrays.latest("forward", x, lambda: x.reshape(-1, x.shape[-1]))

    def backward(self, grad_output: FloatArray) -> FloatArray:
        batch = grad_output.shape[-1]
        arrays = self.workspace.at(batch, grad_output.dtype)
        shape = inside(self.input_shape, batch)
        return arrays.latest("backward", grad_output, lambda: grad_output.reshape(shape))
