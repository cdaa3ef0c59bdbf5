"""A hundred steps beside PyTorch in float64, from the same weights, with the same batches."""

from typing import Any

import numpy as np
import pytest

from hpsearch.datasets.values import Part
from hpsearch.nn import build_network
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.evaluation import evaluate
from hpsearch.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="PyTorch is not installed (make setup-torch)")
twin = pytest.importorskip("benchmarks.torch_twin")
torch.set_num_threads(1)

STEPS, BATCH, CLASSES = 100, 7, 4
TOLERANCE = 1e-10

ARCHITECTURES: dict[str, dict[str, object]] = {
    "mlp": {"architecture": "mlp", "hidden_units": 12},
    "mlp_batch_norm": {"architecture": "mlp", "hidden_units": 12, "batch_norm": True},
    "mlp_sigmoid": {"architecture": "mlp", "activation": "sigmoid", "initializer": "xavier"},
    "simple_convnet": {"architecture": "simple_convnet", "filters": 5, "hidden_units": 9},
    "lenet5": {"architecture": "lenet5", "hidden_units": 20, "hidden_units_2": 12},
    "lenet5_batch_norm": {"architecture": "lenet5", "batch_norm": True},
    "lenet5_tanh": {"architecture": "lenet5", "activation": "tanh"},
    "alexnet_small": {"architecture": "alexnet_small", "filters": 4, "dropout": 0},
    "deep_convnet": {"architecture": "deep_convnet", "filters": 3, "dropout": 0},
    "many_channels": {  # enough for Winograd's tiles
        "layers": [
            {"type": "convolution", "filters": 32, "kernel_size": 3, "stride": 2, "padding": 1},
            {"type": "relu"},
            {"type": "convolution", "filters": 32, "kernel_size": 3, "padding": 1},
            {"type": "relu"},
            {"type": "convolution", "filters": 32, "kernel_size": 3, "padding": 2},
            {"type": "relu"},
            {"type": "max_pooling"},
        ]
    },
    "layers": {
        "layers": [
            {"type": "convolution", "filters": 3, "kernel_size": 3, "stride": 2, "padding": 1},
            {"type": "relu"},
            {"type": "max_pooling", "window": 3, "stride": 2, "padding": 1},
            {"type": "average_pooling", "window": 2, "stride": 1, "padding": 1},
        ]
    },
}
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name: str) -> None:
    compare(ARCHITECTURES[name], TrainingSettings(learning_rate=0.005, weight_decay=0.01))


@pytest.mark.parametrize("decay_on", ["weights", "all"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str, decay_on: str) -> None:
    settings = TrainingSettings.model_validate(
        {
            "optimizer": optimizer,
            "learning_rate": 0.003,
            "weight_decay": 0.02,
            "decay_on": decay_on,
            "momentum": 0.8,
        }
    )
    compare(ARCHITECTURES["simple_convnet"], settings)


def test_clipping_by_norm() -> None:
    compare(ARCHITECTURES["lenet5"], TrainingSettings(learning_rate=0.05, clip_norm=0.3))


def test_gradient_behind_the_same_dropout_mask() -> None:
    """PyTorch draws other masks, so ours is put in as a multiplication."""
    settings = NetworkSettings.model_validate({"architecture": "mlp", "dropout": 0.4})
    network = build_network(settings, (1, 4, 4), CLASSES, np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).standard_normal((4, 1, 4, BATCH))
    scores = network.forward(x).copy()
    network.backward(np.ones_like(scores))
    model = twin.torch_twin(network)
    hidden = torch.from_numpy(x.reshape(16, BATCH).T.copy())
    for layer, module in zip(network.layers[1:], model[1:], strict=True):
        if isinstance(layer, Dropout):
            factor = layer.workspace.at(BATCH, np.float64)["factor"]
            hidden = hidden * torch.from_numpy(factor.T.copy())
        else:
            hidden = module(hidden)
    hidden.sum().backward()
    np.testing.assert_allclose(scores, hidden.detach().numpy().T, rtol=0, atol=1e-12)
    for layer, module in zip(network.layers, model, strict=True):
        for key, gradient in layer.gradients.items():
            theirs = getattr(module, key).grad.numpy()
            np.testing.assert_allclose(gradient, theirs, rtol=0, atol=1e-12)


def shorten(parameters: Any, longest: float) -> None:
    """What torch's clip_grad_norm_ does, without the 1e-6 that it adds to the norm."""
    gradients = [parameter.grad for parameter in parameters]
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    for gradient in gradients:
        gradient *= min(1.0, longest / norm.item())


def compare(architecture: dict[str, object], training: TrainingSettings) -> None:
    """Train both; loss at every step, and parameters and evaluation at the end, must agree.

    Batch normalisation over a handful of images magnifies rounding beyond any tolerance.
    """
    batch = 24 if architecture.get("batch_norm") else BATCH
    settings = NetworkSettings.model_validate(architecture)
    network = build_network(settings, (2, 12, 12), CLASSES, np.random.default_rng(0), np.float64)
    model = twin.torch_twin(network)
    optimizer = twin.torch_optimizer(model, training)
    trainer = Trainer(network, training)
    generator = np.random.default_rng(1)
    images = generator.standard_normal((60, 2, 12, 12)).astype(np.float32)
    labels = generator.integers(0, CLASSES, 60)
    for step in range(STEPS):
        chosen = generator.permutation(60)[: batch if step % 5 else batch // 2]
        ours = trainer.step(images, labels, chosen, training.learning_rate)
        optimizer.zero_grad()
        x = torch.from_numpy(images[chosen].astype(np.float64))
        loss = torch.nn.functional.cross_entropy(model(x), torch.from_numpy(labels[chosen]))
        loss.backward()
        if training.clip_norm is not None:
            shorten(model.parameters(), training.clip_norm)
        optimizer.step()
        assert abs(ours - loss.item()) < TOLERANCE, f"step {step}"
    for layer, module in zip(network.layers, model, strict=True):
        parameters = layer.parameters
        if not parameters:
            continue
        for key, ours_now in twin.parameters_for_torch(network, layer, parameters).items():
            theirs = getattr(module, key).detach().numpy()
            np.testing.assert_allclose(ours_now, theirs, rtol=0, atol=TOLERANCE, err_msg=key)
    model.eval()
    with torch.no_grad():
        scores = model(torch.from_numpy(images.astype(np.float64)))
        loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(labels))
    assert abs(evaluate(network, Part(images, labels)).loss - loss.item()) < TOLERANCE
