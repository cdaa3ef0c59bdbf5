"""The same network in PyTorch, as most people would write it: for comparison only."""

import numpy as np
import torch
from torch import nn

from hpsearch.nn import Network
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Layer
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.nn.layers.flatten import Flatten
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.layers.sigmoid import Sigmoid
from hpsearch.nn.layers.tanh import Tanh
from hpsearch.spec.training import TrainingSettings

SIMPLE: dict[type[Layer], type[nn.Module]] = {
    ReLU: nn.ReLU,
    Sigmoid: nn.Sigmoid,
    Tanh: nn.Tanh,
    Flatten: nn.Flatten,
}


def torch_twin(network: Network) -> nn.Sequential:
    """A PyTorch model with the same layers and weights, in the same precision."""
    dtype = torch.float64 if network.dtype == np.float64 else torch.float32
    return nn.Sequential(*[_module(network, i) for i in range(len(network.layers))]).to(dtype)


def _module(network: Network, index: int) -> nn.Module:
    layer = network.layers[index]
    if type(layer) in SIMPLE:
        return SIMPLE[type(layer)]()
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, MaxPooling):
        return nn.MaxPool2d(layer.window, layer.stride, layer.padding)
    if isinstance(layer, AveragePooling):
        return nn.AvgPool2d(layer.window, layer.stride, layer.padding)
    if isinstance(layer, BatchNorm):
        norm = nn.BatchNorm2d if len(layer.input_shape) == 3 else nn.BatchNorm1d
        module = norm(layer.channels, layer.epsilon, 1 - layer.running_momentum)
    elif isinstance(layer, Convolution):
        g = layer.geometry
        module = nn.Conv2d(g.channels, g.filters, g.kernel, g.stride, g.padding)
    else:
        assert isinstance(layer, Affine)
        module = nn.Linear(layer.inputs, layer.units)
    for name, array in parameters_for_torch(network, layer, layer.parameters).items():
        getattr(module, name).data = torch.from_numpy(array)
    return module


def parameters_for_torch(
    network: Network, layer: Layer, arrays: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """Copies of a layer's parameters or gradients, in PyTorch's names and orders."""
    if isinstance(layer, BatchNorm):
        return {"weight": arrays["scale"].copy(), "bias": arrays["shift"].copy()}
    weight = arrays["weight"]
    if isinstance(layer, Convolution):
        g = layer.geometry
        weight = weight.reshape(-1, g.kernel, g.kernel, g.channels).transpose(0, 3, 1, 2)
    before = network.layers[layer.site.number - 2]
    if isinstance(before, Flatten) and len(before.input_shape) == 3:
        channels, height, width = before.input_shape
        weight = weight.reshape(-1, height, channels, width).transpose(0, 2, 1, 3)
        weight = weight.reshape(len(weight), -1)
    return {"weight": np.ascontiguousarray(weight).copy(), "bias": arrays["bias"].copy()}


def torch_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """PyTorch's optimizer with the same settings; decay on weights only, or on all."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    decay_of_others = settings.weight_decay if settings.decay_on == "all" else 0.0
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": decay_of_others},
    ]
    rate, epsilon = settings.learning_rate, settings.epsilon
    betas = (settings.beta1, settings.beta2)
    match settings.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, rate)
        case "momentum":
            return torch.optim.SGD(groups, rate, settings.momentum)
        case "nesterov":
            return torch.optim.SGD(groups, rate, settings.momentum, nesterov=True)
        case "adagrad":
            return torch.optim.Adagrad(groups, rate, eps=epsilon)
        case "rmsprop":
            return torch.optim.RMSprop(groups, rate, settings.rho, epsilon)
        case "adam":
            return torch.optim.Adam(groups, rate, betas, epsilon)
        case "adamw":
            return torch.optim.AdamW(groups, rate, betas, epsilon)
