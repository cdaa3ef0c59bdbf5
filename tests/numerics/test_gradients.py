"""Every layer's backward against central differences, in float64, with a random upstream gradient.

(A gradient of ones would let an all-zero backward of the batch normalisation pass.)
"""

from collections.abc import Callable

import numpy as np
import pytest

from hpsearch.nn import build_network
from hpsearch.nn.arrays import FloatArray, Labels
from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Layer, Site, inside
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.nn.layers.flatten import Flatten
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.layers.sigmoid import Sigmoid
from hpsearch.nn.layers.tanh import Tanh
from hpsearch.nn.loss import grad_scores, softmax_cross_entropy
from hpsearch.nn.network import Network, running_entries, view
from hpsearch.spec.network import NetworkSettings

STEP = 1e-5
TOLERANCE = 1e-7

CASES: dict[str, Callable[[], Layer]] = {
    "affine": lambda: Affine(site(7), 5),
    "affine_one_to_one": lambda: Affine(site(1), 1),
    "convolution": lambda: Convolution(site(3, 6, 5), 4, 3),
    "convolution_padded": lambda: Convolution(site(2, 5, 7), 3, 3, padding=1),
    "convolution_padded_by_more_than_half": lambda: Convolution(site(2, 4, 4), 3, 3, padding=2),
    "convolution_stride": lambda: Convolution(site(2, 8, 7), 3, 3, stride=2, padding=1),
    "convolution_stride_not_dividing": lambda: Convolution(site(1, 8, 9), 2, 4, stride=3),
    "convolution_stride_beyond_kernel": lambda: Convolution(site(2, 9, 8), 3, 2, stride=3),
    "convolution_one_by_one": lambda: Convolution(site(3, 4, 3), 2, 1),
    "convolution_of_everything": lambda: Convolution(site(2, 3, 3), 4, 3),
    "convolution_padding_beyond_reach": lambda: Convolution(site(1, 2, 2), 2, 2, 3, padding=3),
    "max_pooling": lambda: MaxPooling(site(2, 6, 4), 2),
    "max_pooling_remainder": lambda: MaxPooling(site(2, 7, 5), 2),
    "max_pooling_overlapping": lambda: MaxPooling(site(2, 7, 8), 3, 2),
    "max_pooling_padded": lambda: MaxPooling(site(2, 7, 6), 3, 2, padding=1),
    "average_pooling": lambda: AveragePooling(site(2, 6, 4), 2),
    "average_pooling_padded": lambda: AveragePooling(site(2, 7, 6), 3, 2, padding=1),
    "relu": lambda: ReLU(site(2, 3, 4)),
    "sigmoid": lambda: Sigmoid(site(2, 3, 4)),
    "tanh": lambda: Tanh(site(5)),
    "batch_norm_of_features": lambda: BatchNorm(site(4)),
    "batch_norm_of_channels": lambda: BatchNorm(site(3, 2, 4)),
    "dropout": lambda: Dropout(site(3, 4, 2), 0.3),
    "flatten": lambda: Flatten(site(3, 2, 4)),
}


def site(*shape: int) -> Site:
    return Site(1, "layer", shape)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_layer_gradients(case: str, batch: int) -> None:
    generator = np.random.default_rng(3)
    layer = prepared(CASES[case](), generator)
    x = generator.standard_normal(inside(layer.input_shape, batch))
    upstream = generator.standard_normal(inside(layer.output_shape, batch))

    def objective() -> float:
        if isinstance(layer, Dropout):
            layer.generator = np.random.default_rng(5)
        return float(np.sum(layer.forward(x) * upstream))

    for _ in range(2):  # a second time in used workspaces
        objective()
        grad_input = layer.backward(upstream).copy()
    gradients = {name: array.copy() for name, array in layer.gradients.items()}
    assert_same_direction(grad_input, differences(objective, x))
    for name, parameter in layer.parameters.items():
        assert_same_direction(gradients[name], differences(objective, parameter))


def test_loss_gradient() -> None:
    generator = np.random.default_rng(4)
    scores = generator.standard_normal((5, 7))
    labels = generator.integers(0, 5, 7)

    def objective() -> float:
        return float(softmax_cross_entropy(scores.copy(), labels).mean())

    log_probabilities = scores.copy()
    softmax_cross_entropy(log_probabilities, labels)
    gradient = grad_scores(log_probabilities, labels, 1 / 7)
    assert_same_direction(gradient, differences(objective, scores))


ARCHITECTURES: dict[str, dict[str, object]] = {
    "mlp": {"architecture": "mlp", "hidden_units": 6, "activation": "sigmoid"},
    "simple_convnet": {"architecture": "simple_convnet", "filters": 3, "hidden_units": 5},
    "simple_convnet_odd": {"architecture": "simple_convnet", "filters": 2, "kernel_size": 4},
    "lenet5": {"architecture": "lenet5", "activation": "tanh", "hidden_units": 7},
    "lenet5_batch_norm": {"architecture": "lenet5", "batch_norm": True, "hidden_units_2": 6},
    "alexnet_small": {"architecture": "alexnet_small", "filters": 2, "hidden_units": 5},
    "deep_convnet": {"architecture": "deep_convnet", "filters": 2, "hidden_units": 5},
    "many_channels": {"architecture": "deep_convnet", "filters": 8, "hidden_units": 5},
}


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architecture_gradients(name: str, batch: int) -> None:
    settings = NetworkSettings.model_validate(ARCHITECTURES[name])
    shape = (3, 8, 8) if name == "alexnet_small" else (1, 8, 8)
    network = build_network(settings, shape, 4, np.random.default_rng(6), np.float64)
    generator = np.random.default_rng(7)
    for entry in network.parameter_entries:  # biases and scales away from where they start
        view(network.parameters, entry)[...] += 0.1 * generator.standard_normal(entry.shape.shape)
    x = generator.standard_normal(inside(shape, batch))
    labels = generator.integers(0, 4, batch)

    def objective() -> float:
        network.use_generator(np.random.default_rng(8))
        return float(softmax_cross_entropy(network.forward(x), labels).mean())

    network.use_generator(np.random.default_rng(8))
    scores = network.forward(x)
    softmax_cross_entropy(scores, labels)
    network.backward(grad_scores(scores, labels, 1 / batch))
    some = generator.permutation(network.parameters.size)[:150]
    numeric = differences(objective, network.parameters, some)
    assert_same_direction(network.gradients[some], numeric)


def prepared(layer: Layer, generator: np.random.Generator) -> Layer:
    """The layer with random parameters and an upstream that asks for the input's gradient."""
    network = Network([layer], [layer], np.float64)
    network.parameters[...] = generator.standard_normal(network.parameters.size)
    for entry in running_entries([layer]):
        view(network.running, entry).fill(1)
    network.use_generator(generator)
    return layer


def differences(
    objective: Callable[[], float], x: FloatArray, some: Labels | None = None
) -> FloatArray:
    """Central differences of the objective with respect to (some of) the numbers in x."""
    flat = x.reshape(-1)
    assert np.shares_memory(flat, x)
    result = []
    for index in range(flat.size) if some is None else some:
        kept = flat[index]
        flat[index] = kept + STEP
        above = objective()
        flat[index] = kept - STEP
        below = objective()
        flat[index] = kept
        result.append((above - below) / (2 * STEP))
    return np.array(result).reshape(x.shape if some is None else -1)


def assert_same_direction(analytic: FloatArray, numeric: FloatArray) -> None:
    """Relative error, of the whole array, below the tolerance."""
    scale = max(float(np.linalg.norm(analytic)), float(np.linalg.norm(numeric)), 1e-4)
    assert analytic.shape == numeric.shape
    assert np.linalg.norm(analytic - numeric) / scale < TOLERANCE
