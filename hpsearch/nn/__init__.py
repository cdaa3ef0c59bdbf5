"""Convolutional networks in NumPy alone: layers, loss, optimizers, architectures."""

from hpsearch.nn.building import (
    Size,
    build_network,
    check_size,
    draw_weights,
    learned_shapes,
    network_size,
    output_shapes,
    title_of,
)
from hpsearch.nn.network import Network

__all__ = [
    "Network",
    "Size",
    "build_network",
    "check_size",
    "draw_weights",
    "learned_shapes",
    "network_size",
    "output_shapes",
    "title_of",
]
