"""From settings to layers: shapes, counts, and networks ready to train."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.errors import NetworkTooLarge
from hpsearch.nn import memory
from hpsearch.nn.architectures import layers_of
from hpsearch.nn.arrays import Shape
from hpsearch.nn.initializers import initialize
from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Layer, Site
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.nn.layers.flatten import Flatten
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.layers.sigmoid import Sigmoid
from hpsearch.nn.layers.tanh import Tanh
from hpsearch.nn.network import Network, parameter_entries, running_entries, view
from hpsearch.nn.stages.fusion import fuse
from hpsearch.spec.network import (
    AffineSettings,
    FlattenSettings,
    Initializer,
    LayerSettings,
    NetworkSettings,
)

LAYER_CLASSES: dict[str, Callable[..., Layer]] = {
    "affine": Affine,
    "convolution": Convolution,
    "max_pooling": MaxPooling,
    "average_pooling": AveragePooling,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "batch_norm": BatchNorm,
    "dropout": Dropout,
    "flatten": Flatten,
}


@dataclass(frozen=True)
class Size:
    """What a network takes: learned numbers, and bytes of workspaces to train with a batch."""

    parameters: int
    workspace_bytes: int


def output_shapes(
    network: NetworkSettings, input_shape: tuple[int, int, int], classes: int
) -> list[tuple[str, Shape]]:
    """Each layer's name and output shape, (channels, height, width) or (features,).

    Raises ImpossibleShape where a layer cannot take what arrives at it.
    """
    layers = _layers(_descriptions(network, input_shape, classes), input_shape)
    return [(layer.site.name, layer.output_shape) for layer in layers]


def network_size(
    network: NetworkSettings,
    input_shape: tuple[int, int, int],
    classes: int,
    batch_size: int,
    dtype: npt.DTypeLike = np.float32,
) -> Size:
    """What a network would take, without building it. Raises ImpossibleShape."""
    layers = _layers(_descriptions(network, input_shape, classes), input_shape)
    stages, itemsize = fuse(layers), np.dtype(dtype).itemsize
    together = memory.part_size(layers, stages, batch_size, itemsize)
    return Size(
        parameters=parameter_entries(layers)[-1].stop,
        workspace_bytes=memory.workspace_bytes(stages, together, itemsize),
    )


def learned_shapes(
    network: NetworkSettings, input_shape: tuple[int, int, int], classes: int
) -> dict[str, Shape]:
    """All arrays of a network, parameters and running statistics, by name, without building it.

    Raises ImpossibleShape.
    """
    layers = _layers(_descriptions(network, input_shape, classes), input_shape)
    entries = (*parameter_entries(layers), *running_entries(layers))
    return {entry.full_name: entry.shape.shape for entry in entries}


def check_size(
    network: NetworkSettings, input_shape: tuple[int, int, int], classes: int, batch_size: int
) -> None:
    """Raises NetworkTooLarge where the workspaces would be, and ImpossibleShape."""
    needed = network_size(network, input_shape, classes, batch_size).workspace_bytes
    if needed > memory.WHOLE_LIMIT:
        raise NetworkTooLarge(title_of(network), batch_size, needed, memory.WHOLE_LIMIT)


def title_of(network: NetworkSettings) -> str:
    """What a person calls the network."""
    return network.architecture or f"a network of {len(network.layers or ())} layers"


def build_network(
    network: NetworkSettings,
    input_shape: tuple[int, int, int],
    classes: int,
    generator: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
) -> Network:
    """A network with its first weights; the same generator draws its dropout masks.

    `input_shape` is (channels, height, width). Raises ImpossibleShape.
    """
    layers = _layers(_descriptions(network, input_shape, classes), input_shape)
    built = Network(layers, fuse(layers), dtype)
    built.use_generator(generator)
    draw_weights(built, network, input_shape, classes, generator)
    return built


def draw_weights(
    built: Network,
    network: NetworkSettings,
    input_shape: tuple[int, int, int],
    classes: int,
    generator: np.random.Generator,
) -> None:
    """Give a network of these settings its first weights, as `build_network` does."""
    initializers: dict[int, Initializer] = {
        number: getattr(description, "initializer", None) or network.initializer
        for number, description in enumerate(_descriptions(network, input_shape, classes), start=1)
    }
    for entry in sorted(built.parameter_entries, key=lambda entry: entry.layer.site.number):
        initializer = initializers[entry.layer.site.number]
        initialize(view(built.parameters, entry), entry.shape, initializer, generator)
    for entry in built.running_entries:
        initialize(view(built.running, entry), entry.shape, network.initializer, generator)


def _descriptions(
    network: NetworkSettings, input_shape: tuple[int, int, int], classes: int
) -> list[LayerSettings]:
    """All layers: those of the settings, flatten where it is missing, the affine to the classes."""
    wanted: list[LayerSettings] = [
        *layers_of(network, input_shape),
        AffineSettings(units=classes),
    ]
    complete: list[LayerSettings] = []
    flat = False
    for description in wanted:
        if isinstance(description, AffineSettings) and not flat:
            complete.append(FlattenSettings())
        flat = flat or isinstance(description, AffineSettings | FlattenSettings)
        complete.append(description)
    return complete


def _layers(descriptions: list[LayerSettings], input_shape: tuple[int, int, int]) -> list[Layer]:
    shape: Shape = input_shape
    layers: list[Layer] = []
    for number, description in enumerate(descriptions, start=1):
        site = Site(number, description.type, shape)
        numbers: dict[str, Any] = description.model_dump(exclude={"type", "initializer"})
        layers.append(LAYER_CLASSES[description.type](site, **numbers))
        shape = layers[-1].output_shape
    return layers
