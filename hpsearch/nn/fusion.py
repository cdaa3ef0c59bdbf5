"""Which layers run joined, so that fewer passes go over memory (docs/networks.md explains)."""

from collections.abc import Sequence

from hpsearch.nn.layers.base import Layer


def fuse(layers: Sequence[Layer]) -> list[Layer]:
    """The stages that run for these layers, in order; the same function of the input."""
    for layer in layers:
        if layer.parameter_shapes():
            layer.wants_input_gradient = False  # nobody asks for the gradient of the images
            break
        layer.wants_input_gradient = False
    return list(layers)
