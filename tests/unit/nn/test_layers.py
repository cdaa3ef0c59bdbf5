"""What layers do beside their gradients: evaluation, ties, kept workspaces."""

import numpy as np
import pytest

from hpsearch.nn import build_network
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Site
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.loss import softmax_cross_entropy
from hpsearch.nn.network import Network
from hpsearch.spec.network import NetworkSettings


def test_dropout_keeps_the_mean_and_evaluates_to_its_input() -> None:
    layer = Dropout(Site(1, "dropout", (1000,)), 0.3)
    layer.generator = np.random.default_rng(0)
    x = np.ones((1000, 50), np.float32)
    y = layer.forward(x)
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert layer.evaluate(x) is x


def test_batch_norm_normalises_and_remembers() -> None:
    layer = BatchNorm(Site(1, "batch_norm", (2, 3, 3)), running_momentum=0.5)
    network = Network([layer], [layer], np.float64)
    layer.parameters["scale"].fill(1)
    layer.running["variance"].fill(1)
    x = np.random.default_rng(0).normal(5, 3, (3, 2, 3, 100))
    y = layer.forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 2, 3)), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.running["mean"], x.mean(axis=(0, 2, 3)) / 2)
    unbiased = x.var(axis=(0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running["variance"], 0.5 + unbiased / 2)
    for _ in range(60):
        layer.forward(x)
    np.testing.assert_allclose(layer.evaluate(x), y, atol=0.01)
    assert network.running.size == 4


def test_batch_norm_evaluates_with_what_it_remembers() -> None:
    layer = BatchNorm(Site(1, "batch_norm", (2, 3, 3)))
    Network([layer], [layer], np.float64)
    for array, values in (
        (layer.running["mean"], [1.0, -2.0]),
        (layer.running["variance"], [4.0, 9.0]),
        (layer.parameters["scale"], [3.0, 0.5]),
        (layer.parameters["shift"], [-1.0, 2.0]),
    ):
        array[...] = values
    x = np.random.default_rng(0).normal(0, 3, (3, 2, 3, 4))
    y = layer.evaluate(x)
    np.testing.assert_allclose(y[:, 0], 3 * (x[:, 0] - 1) / np.sqrt(4 + 1e-5) - 1)
    np.testing.assert_allclose(y[:, 1], 0.5 * (x[:, 1] + 2) / np.sqrt(9 + 1e-5) + 2)


def test_batch_norm_of_one_number_gives_the_shift() -> None:
    layer = BatchNorm(Site(1, "batch_norm", (3,)))
    Network([layer], [layer], np.float64)
    layer.parameters["shift"][...] = [1, 2, 3]
    np.testing.assert_array_equal(layer.forward(np.ones((3, 1)))[:, 0], [1, 2, 3])


def test_equal_maxima_share_no_gradient() -> None:
    layer = MaxPooling(Site(1, "max_pooling", (1, 4, 4)), 2)
    layer.forward(np.zeros((4, 1, 4, 1)))
    grad = layer.backward(np.ones((2, 1, 2, 1)))
    assert grad.sum() == 4
    assert set(grad.ravel()) == {0, 1}


def test_padding_never_wins_a_maximum_and_counts_as_zero_in_a_mean() -> None:
    x = np.full((2, 1, 2, 1), -4.0)
    site = Site(1, "pooling", (1, 2, 2))
    assert MaxPooling(site, 2, 2, padding=1).forward(x).max() == -4
    assert AveragePooling(site, 2, 2, padding=1).forward(x).max() == -1


def test_losses_of_large_scores_are_finite() -> None:
    scores = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    losses = softmax_cross_entropy(scores, np.array([0, 0]))
    np.testing.assert_array_equal(losses, [0, 2000])


def test_a_smaller_batch_in_the_workspaces_of_a_larger_one() -> None:
    settings = NetworkSettings(architecture="lenet5")
    used, fresh = (
        build_network(settings, (1, 28, 28), 10, np.random.default_rng(0)) for _ in range(2)
    )
    generator = np.random.default_rng(1)
    x = generator.standard_normal((28, 1, 28, 5)).astype(np.float32)
    for batch in (40, 3, 40):
        used.backward(used.forward(generator.random((28, 1, 28, batch), np.float32)))
    np.testing.assert_array_equal(used.forward(x), fresh.forward(x))
