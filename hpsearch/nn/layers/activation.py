"""What activations share (the book's chapters 3.2 and 5.5)."""

from collections.abc import Mapping

from hpsearch.nn.arrays import Buffer
from hpsearch.nn.layers.base import Layer, Site, inside


class Activation(Layer):
    """A function of each number alone; its derivative is computed from its output."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, site.shape)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        shape = inside(self.input_shape, batch)
        return {"output": Buffer(shape), "grad_input": Buffer(shape)}
