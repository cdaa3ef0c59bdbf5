"""Winograd's convolution against the row by row one, over random shapes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hpsearch.nn import build_network
from hpsearch.nn.arrays import FloatArray, Workspace
from hpsearch.nn.products import Products, RowGeometry
from hpsearch.nn.rows import RowProducts
from hpsearch.nn.winograd import WinogradProducts, suits
from hpsearch.spec.network import NetworkSettings


@given(
    channels=st.integers(1, 3),
    half_height=st.integers(1, 5),
    half_width=st.integers(1, 5),
    filters=st.integers(1, 4),
    padding=st.integers(0, 2),
    batch=st.integers(1, 3),
    dropped=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_the_same_sums_and_gradients(
    channels: int,
    half_height: int,
    half_width: int,
    filters: int,
    padding: int,
    batch: int,
    dropped: bool,
    seed: int,
) -> None:
    height, width = 2 * half_height, 2 * half_width
    rows, columns = height + 2 * padding - 2, width + 2 * padding - 2
    if dropped:  # the last two rows and columns are not asked for
        rows, columns = rows - 2, columns - 2
    assume(rows >= 2)
    assume(columns >= 2)
    geometry = RowGeometry(
        channels, height, width, filters, 3, 1, padding, rows, columns // 2, phases=2
    )
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((height, channels, width, batch))
    weight = generator.standard_normal((filters, 9 * channels))
    grad = generator.standard_normal((2, rows, filters, columns // 2 * batch))
    expected = everything(RowProducts(geometry), x, weight, grad)
    for ours, theirs in zip(
        everything(WinogradProducts(geometry), x, weight, grad), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11)


def everything(
    products: Products, x: FloatArray, weight: FloatArray, grad: FloatArray
) -> list[FloatArray]:
    """Sums, gradient of the weight, gradient of the input; twice, in the same workspaces."""
    batch = x.shape[-1]
    workspace = Workspace(lambda size: products.buffers(size, wants_input_gradient=True))
    arrays = workspace.at(batch, x.dtype)
    at_once, height = products.rows_at_once(batch), products.geometry.rows
    blocks = [slice(start, min(start + at_once, height)) for start in range(0, height, at_once)]
    sums, grad_weight = np.empty_like(grad), np.empty_like(weight)
    for _ in range(2):
        products.begin(x, weight, arrays)
        for rows in blocks:
            products.make(rows, sums[:, rows], arrays)
        products.begin_gradient(arrays)
        for rows in blocks:
            products.add_gradient(rows, grad[:, rows], arrays)
        products.weight_gradient(grad_weight, arrays)
        grad_input = products.input_gradient(grad, weight, arrays)
    return [sums, grad_weight, grad_input]


def test_who_uses_it() -> None:
    fitting = RowGeometry(32, 8, 8, 32, 3, 1, 1, rows=8, columns=4, phases=2)
    assert suits(fitting)
    assert not suits(replace(fitting, kernel=5))
    assert not suits(replace(fitting, stride=2))
    assert not suits(replace(fitting, channels=1))
    assert not suits(replace(fitting, height=7, rows=7))


@pytest.mark.parametrize("name", ["deep_convnet", "alexnet_small"])
def test_float32_stays_close_to_float64(name: str) -> None:
    settings_ = NetworkSettings.model_validate({"architecture": name, "dropout": 0})
    gradients: list[FloatArray] = []
    for dtype in (np.float32, np.float64):
        network = build_network(settings_, (3, 16, 16), 10, np.random.default_rng(0), dtype)
        x: FloatArray = np.random.default_rng(1).standard_normal((16, 3, 16, 5)).astype(dtype)
        upstream: FloatArray = np.random.default_rng(2).standard_normal((10, 5)).astype(dtype)
        network.forward(x)
        network.backward(upstream)
        gradients.append(network.gradients.astype(np.float64))
    error = np.linalg.norm(gradients[0] - gradients[1]) / np.linalg.norm(gradients[1])
    assert error < 1e-5
