"""Winograd's convolution against the row by row one, over random shapes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hpsearch.nn import build_network
from hpsearch.nn.arrays import FloatArray, Step, Workspace
from hpsearch.nn.convolutions import products, winograd
from hpsearch.nn.convolutions.products import Products, RowGeometry
from hpsearch.nn.convolutions.rows import RowProducts
from hpsearch.nn.convolutions.winograd import WinogradProducts, in_tiles, suits
from hpsearch.nn.layers.base import Layer, Site
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.network import Network
from hpsearch.nn.stages.fusion import fuse
from hpsearch.spec.network import NetworkSettings


@given(
    channels=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 13),
    filters=st.integers(1, 4),
    kernel=st.integers(2, 5),
    padding=st.integers(0, 4),
    batch=st.integers(1, 3),
    dropped=st.booleans(),
    block=st.sampled_from([1, 400_000]),
    small_kernels=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_the_same_sums_and_gradients(
    channels: int,
    height: int,
    width: int,
    filters: int,
    kernel: int,
    padding: int,
    batch: int,
    dropped: bool,
    block: int,
    small_kernels: bool,
    seed: int,
) -> None:
    rows, columns = (size + 2 * padding + 1 - kernel for size in (height, width))
    rows -= dropped  # the last row is not asked for
    assume(padding < kernel)
    assume(rows >= 1)
    assume(columns >= 1)
    geometry = RowGeometry(channels, height, width, filters, kernel, 1, padding, rows, columns)
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((height, channels, width, batch))
    weight = generator.standard_normal((filters, kernel**2 * channels))
    grad = generator.standard_normal((1, rows, filters, columns * batch))
    expected = everything(RowProducts(geometry), x, weight, grad)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "BLOCK", block)  # of two rows, or of all
        patch.setattr(products, "has_small_kernels", lambda: small_kernels)
        patch.setattr(products, "FEW_SUMS", 20)  # so that there are parts
        patch.setattr(products, "SMALL", 40)
        ours = everything(
            WinogradProducts(in_tiles(geometry)),
            x,
            weight,
            by_phase(grad, columns, batch, 7 - kernel),
        )
    ours[0] = in_order(ours[0], columns, batch)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)


@given(
    width=st.integers(3, 29),
    kernels=st.tuples(*[st.sampled_from([3, 5])] * 3),
    paddings=st.tuples(*[st.integers(0, 4)] * 3),
    pooled=st.tuples(*[st.booleans()] * 3),
    first_is_plain=st.booleans(),
    batch=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_stages_in_a_row_hand_tiles_over(
    width: int,
    kernels: tuple[int, int, int],
    paddings: tuple[int, int, int],
    pooled: tuple[bool, bool, bool],
    first_is_plain: bool,
    batch: int,
    seed: int,
) -> None:
    """The same values and gradients as layer by layer, whatever becomes of the width."""
    channels = 2 if first_is_plain else 12  # with two it has no tiles, but gives them to the next
    layers: list[Layer] = []
    shape: tuple[int, ...] = (channels, 12, width)
    for kernel, padding, is_pooled in zip(kernels, paddings, pooled, strict=True):
        assume(min(shape[1:]) + 2 * padding >= kernel + 3)
        layers.append(Convolution(Site(1, "convolution", shape), 12, kernel, 1, padding))
        if is_pooled:
            layers.append(MaxPooling(Site(1, "max_pooling", layers[-1].output_shape), 2))
        shape = layers[-1].output_shape
        layers.append(ReLU(Site(1, "relu", shape)))
    one_by_one = Network(layers, layers, np.float64)
    generator = np.random.default_rng(seed)
    one_by_one.parameters[...] = generator.standard_normal(one_by_one.parameters.size)
    x = generator.standard_normal((12, channels, width, batch))
    expected = one_by_one.forward(x).copy()
    upstream = generator.standard_normal(expected.shape)
    one_by_one.backward(upstream)
    gradients = one_by_one.gradients.copy()
    joined = Network(layers, fuse(layers), np.float64)
    joined.parameters[...] = one_by_one.parameters
    for _ in range(2):
        np.testing.assert_allclose(joined.forward(x), expected, rtol=1e-9, atol=1e-9)
        joined.backward(upstream)
        scale = np.abs(gradients).max()
        np.testing.assert_allclose(joined.gradients, gradients, rtol=0, atol=1e-11 * scale)


def by_phase(values: FloatArray, columns: int, batch: int, phases: int) -> FloatArray:
    """Rows (1, rows, filters, columns · batch) in phases, with zeros for what is missing."""
    rows, filters = values.shape[1:3]
    by_column = np.zeros((rows, filters, -(-columns // phases) * phases, batch))
    by_column[:, :, :columns] = values.reshape(rows, filters, columns, batch)
    parts = [by_column[:, :, phase::phases].reshape(rows, filters, -1) for phase in range(phases)]
    return np.stack(parts)


def in_order(values: FloatArray, columns: int, batch: int) -> FloatArray:
    """The other way round."""
    phases, rows, filters, run = values.shape
    by_tile = values.reshape(phases, rows, filters, run // batch, batch)
    by_column = by_tile.transpose(1, 2, 3, 0, 4).reshape(rows, filters, -1, batch)
    return by_column[:, :, :columns].reshape(1, rows, filters, columns * batch)


def everything(
    way: Products, x: FloatArray, weight: FloatArray, grad: FloatArray
) -> list[FloatArray]:
    """Sums, gradient of the weight, gradient of the input; twice, in the same workspaces."""
    batch = x.shape[-1]
    workspace = Workspace(lambda size: way.buffers(size, wants_input_gradient=True))
    arrays = workspace.at(batch, x.dtype)
    at_once, height = way.rows_at_once(batch), way.geometry.rows
    blocks = [slice(start, min(start + at_once, height)) for start in range(0, height, at_once)]
    sums, grad_weight = np.empty_like(grad), np.empty_like(weight)
    for _ in range(2):
        make(way.take_weight(weight, arrays))
        for rows in blocks:
            make(way.make(rows, x, weight, sums[:, rows], arrays))
        for rows in blocks:
            make(way.take_gradient(rows, grad[:, rows], arrays))
            make(way.pass_on(rows, grad, arrays))
        make(way.weight_gradient(grad_weight, arrays))
    return [sums, grad_weight, arrays["grad_input"]]


def make(steps: Iterator[Step]) -> None:
    for step in steps:
        step()


def test_who_uses_it() -> None:
    fitting = RowGeometry(32, 8, 8, 32, 3, 1, 1, rows=8, columns=8)
    assert suits(fitting)
    assert suits(replace(fitting, width=14, columns=14))
    assert suits(replace(fitting, kernel=5))
    assert not suits(replace(fitting, kernel=7))
    assert not suits(replace(fitting, stride=2))
    assert not suits(replace(fitting, channels=1))
    assert not suits(replace(fitting, width=5, columns=5))  # two tiles for five columns


@pytest.mark.parametrize("kernel", [3, 5])
def test_float32_sums_stay_close_to_float64(kernel: int) -> None:
    geometry = in_tiles(RowGeometry(64, 8, 8, 64, kernel, 1, kernel // 2, rows=8, columns=8))
    generator = np.random.default_rng(0)
    x = generator.standard_normal((8, 64, 8, 10))
    weight = generator.standard_normal((64, kernel**2 * 64))
    grad = generator.standard_normal((geometry.phases, 8, 64, 10 * geometry.columns))
    exact = everything(WinogradProducts(geometry), x, weight, grad)
    rounded = everything(WinogradProducts(geometry), *(single(a) for a in (x, weight, grad)))
    for one, other in zip(rounded, exact, strict=True):
        assert np.abs(one - other).max() < 5e-6 * np.abs(other).max()


def single(values: FloatArray) -> FloatArray:
    return values.astype(np.float32)


@pytest.mark.parametrize("name", ["lenet5", "deep_convnet", "alexnet_small"])
def test_float32_stays_close_to_float64(name: str) -> None:
    settings_ = NetworkSettings.model_validate({"architecture": name, "dropout": 0})
    size = 28 if name == "lenet5" else 16
    gradients: list[FloatArray] = []
    for dtype in (np.float32, np.float64):
        network = build_network(settings_, (3, size, size), 10, np.random.default_rng(0), dtype)
        x: FloatArray = np.random.default_rng(1).standard_normal((size, 3, size, 5)).astype(dtype)
        upstream: FloatArray = np.random.default_rng(2).standard_normal((10, 5)).astype(dtype)
        network.forward(x)
        network.backward(upstream)
        gradients.append(network.gradients.astype(np.float64))
    error = np.linalg.norm(gradients[0] - gradients[1]) / np.linalg.norm(gradients[1])
    assert error < 1e-5
