"""Stages against the layers that they stand for, for layers in any order."""

from collections.abc import Callable

import numpy as np
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from hpsearch.errors import ImpossibleShape
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Layer, Site, inside
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.layers.sigmoid import Sigmoid
from hpsearch.nn.layers.tanh import Tanh
from hpsearch.nn.network import Network
from hpsearch.nn.stages.convolution_alone import ConvolutionAlone
from hpsearch.nn.stages.fusion import fuse

KINDS: dict[str, Callable[[Site], Layer]] = {
    "convolution": lambda site: Convolution(site, 12, 3, 1, 1),
    "convolution of 5": lambda site: Convolution(site, 12, 5, 1, 2),
    "convolution of few": lambda site: Convolution(site, 3, 3, 1, 0),
    "convolution of stride 2": lambda site: Convolution(site, 12, 3, 2, 1),
    "batch norm": BatchNorm,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "max pooling": lambda site: MaxPooling(site, 2),
    "max pooling that overlaps": lambda site: MaxPooling(site, 3, 2, 1),
    "average pooling": lambda site: AveragePooling(site, 2),
}


@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=8),
    channels=st.sampled_from([1, 12]),
    width=st.integers(7, 17),
    batch=st.integers(2, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=200)
def test_the_same_values_and_gradients(
    kinds: list[str], channels: int, width: int, batch: int, seed: int
) -> None:
    shape = (channels, 11, width)
    try:
        one_by_one, layers = (layers_of(kinds, shape) for _ in range(2))
    except ImpossibleShape:
        reject()
    assume(any(layer.parameter_shapes() for layer in layers))
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((11, channels, width, batch))
    upstream = generator.standard_normal(inside(layers[-1].output_shape, batch))
    results = [
        run(Network(layers_, stages, np.float64), x, upstream, seed)
        for layers_, stages in ((one_by_one, one_by_one), (layers, fuse(layers)))
    ]
    for one, other in zip(*results, strict=True):
        scale = max(1.0, float(np.abs(one).max()))
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-8 * scale)


def test_a_convolution_with_nothing_behind_it_is_in_tiles() -> None:
    stages = fuse(layers_of(["convolution", "batch norm", "tanh", "max pooling"], (12, 8, 8)))
    assert [type(stage) for stage in stages] == [ConvolutionAlone, BatchNorm, MaxPooling, Tanh]


def layers_of(kinds: list[str], shape: tuple[int, ...]) -> list[Layer]:
    layers: list[Layer] = []
    for kind in kinds:
        layers.append(KINDS[kind](Site(len(layers) + 1, kind, shape)))
        shape = layers[-1].output_shape
    return layers


def run(
    network: Network, x: FloatArray, upstream: FloatArray, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Output in training, gradients, and output in evaluation; the second time."""
    generator = np.random.default_rng(seed)
    network.parameters[...] = generator.standard_normal(network.parameters.size)
    network.running[...] = generator.uniform(0.5, 1.5, network.running.size)
    for _ in range(2):
        output = network.forward(x).copy()
        network.backward(upstream)
        evaluated = network.evaluate(x).copy()
    return output, network.gradients.copy(), evaluated
