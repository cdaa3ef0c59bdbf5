"""Convolutions row by row against one that is written as loops, over random shapes."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.convolutions.rows import places, windows
from hpsearch.nn.layers.base import Layer, Site
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.network import Network
from hpsearch.nn.stages.convolution_max_pooling import ConvolutionMaxPooling
from hpsearch.nn.stages.convolution_quads import ConvolutionQuads
from hpsearch.nn.stages.convolution_relu import ConvolutionReLU
from hpsearch.nn.stages.finished import FinishedConvolution

sizes = st.integers(1, 9)


@given(
    channels=st.integers(1, 3),
    height=sizes,
    width=sizes,
    filters=st.integers(1, 4),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    batch=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_convolution_against_loops(
    channels: int,
    height: int,
    width: int,
    filters: int,
    kernel: int,
    stride: int,
    padding: int,
    batch: int,
    seed: int,
) -> None:
    assume(min(height, width) + 2 * padding >= kernel)
    generator = np.random.default_rng(seed)
    layer = Convolution(
        Site(1, "convolution", (channels, height, width)), filters, kernel, stride, padding
    )
    network = Network([layer], [layer], np.float64)
    network.parameters[...] = generator.standard_normal(network.parameters.size)
    x = generator.standard_normal((height, channels, width, batch))
    np.testing.assert_allclose(layer.forward(x), by_loops(x, layer), rtol=0, atol=1e-12)
    upstream = generator.standard_normal(layer.forward(x).shape)
    grad = layer.backward(upstream).copy()
    step = generator.standard_normal(x.shape)  # of any length: the layer is linear
    change = layer.forward(x + step).copy() - layer.forward(x)
    assert np.vdot(change, upstream) == pytest.approx(np.vdot(step, grad), abs=1e-9)


def by_loops(x: FloatArray, layer: Convolution) -> FloatArray:
    """The formula on top of the layer's file, number by number."""
    g = layer.geometry
    weight = layer.parameters["weight"].reshape(g.filters, g.kernel, g.kernel, g.channels)
    pad = (g.padding, g.padding)
    padded = np.pad(x, (pad, (0, 0), pad, (0, 0)))
    y = np.zeros((g.rows, g.filters, g.columns, x.shape[-1]))
    for i in range(g.rows):
        for j in range(g.columns):
            for f in range(g.filters):
                y[i, f, j] = layer.parameters["bias"][f]
                for u in range(g.kernel):
                    for v in range(g.kernel):
                        for c in range(g.channels):
                            pixel = padded[i * g.stride + u, c, j * g.stride + v]
                            y[i, f, j] += weight[f, u, v, c] * pixel
    return y


def test_windows_hold_the_taps_in_the_order_of_the_weight() -> None:
    layer = Convolution(Site(1, "convolution", (2, 4, 5)), 1, 3)
    x = np.arange(4 * 2 * 5 * 3, dtype=np.float64).reshape(4, 2, 5, 3)
    unrolled = np.zeros((4, 3, 2, 1, 3, 3))
    for place, source in places(unrolled, layer.geometry, slice(0, 4)):
        place[...] = x[source]
    window = windows(unrolled, layer.geometry)
    assert window.shape == (1, 2, 18, 9)
    u, v, c, j, n = 2, 1, 1, 2, 0
    assert window[0, 1, (u * 3 + v) * 2 + c, j * 3 + n] == x[1 + u, c, j + v, n]


@given(
    channels=st.integers(1, 3),
    height=st.integers(2, 9),
    width=st.integers(2, 9),
    filters=st.integers(1, 4),
    kernel=st.integers(1, 5),
    padding=st.integers(0, 2),
    batch=st.integers(1, 4),
    joined_as=st.sampled_from([ConvolutionReLU, ConvolutionMaxPooling, ConvolutionQuads]),
    first=st.booleans(),
    ties=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_joined_layers_are_the_layers_one_by_one(
    channels: int,
    height: int,
    width: int,
    filters: int,
    kernel: int,
    padding: int,
    batch: int,
    joined_as: Callable[[Convolution], FinishedConvolution],
    first: bool,
    ties: bool,
    seed: int,
) -> None:
    """Values and gradients; with ties, at which the gradient must go to one number only."""
    assume(min(height, width) + 2 * padding >= kernel + 1)
    generator = np.random.default_rng(seed)
    convolution = Convolution(
        Site(1, "convolution", (channels, height, width)), filters, kernel, 1, padding
    )
    convolution.wants_input_gradient = not first
    layers: list[Layer] = [convolution]
    pooled = joined_as is not ConvolutionReLU
    if pooled:
        layers.append(MaxPooling(Site(2, "max_pooling", convolution.output_shape), 2))
    layers.append(ReLU(Site(3, "relu", layers[-1].output_shape)))
    joined = joined_as(convolution)
    network = Network(layers, [joined], np.float64)
    network.parameters[...] = generator.standard_normal(network.parameters.size)
    x = generator.standard_normal((height, channels, width, batch))
    if ties:
        x[...] = 1.0
    expected: FloatArray = x
    for layer in layers:
        expected = layer.forward(expected)
    for _ in range(2):  # a second time in used workspaces
        np.testing.assert_allclose(joined.evaluate(x), expected, rtol=0, atol=1e-12)
        output = joined.forward(x)
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-12)
    upstream = generator.standard_normal(output.shape)
    expected_grad: FloatArray = upstream
    for layer in reversed(layers):
        expected_grad = layer.backward(expected_grad)
    gradients = network.gradients.copy()
    grad = joined.backward(upstream)
    if ties and pooled:  # each may choose which of the equal ones is first
        if not first and padding == 0:
            assert grad.sum() == pytest.approx(expected_grad.sum(), abs=1e-9)
        return
    np.testing.assert_allclose(network.gradients, gradients, rtol=0, atol=1e-10)
    if not first:
        np.testing.assert_allclose(grad, expected_grad, rtol=0, atol=1e-11)
