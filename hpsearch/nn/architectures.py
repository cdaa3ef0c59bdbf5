"""The named architectures: from settings and the arriving image to a list of layers.

The last affine layer to the classes is not among them; it is added to every network.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from hpsearch.spec.network import (
    ActivationSettings,
    AffineSettings,
    BatchNormSettings,
    ConvolutionSettings,
    DropoutSettings,
    FlattenSettings,
    LayerSettings,
    MaxPoolingSettings,
    NetworkSettings,
    ReLUSettings,
    SigmoidSettings,
    TanhSettings,
)

Layers = Iterator[LayerSettings]
T = TypeVar("T")

ACTIVATIONS: dict[str, Callable[[], ActivationSettings]] = {
    "relu": ReLUSettings,
    "sigmoid": SigmoidSettings,
    "tanh": TanhSettings,
}


def layers_of(settings: NetworkSettings, input_shape: tuple[int, int, int]) -> list[LayerSettings]:
    """The layers before the last affine one, for images of this (channels, height, width)."""
    if settings.layers is not None:
        return list(settings.layers)
    architecture = settings.architecture or "lenet5"
    return list(ARCHITECTURES[architecture](settings, input_shape))


def mlp(settings: NetworkSettings, _: tuple[int, int, int]) -> Layers:
    """Hidden affine layers of one width (the book's chapters 5 and 6)."""
    yield FlattenSettings()
    for _layer in range(_or(settings.hidden_layers, 2)):
        yield from _hidden(settings, _or(settings.hidden_units, 100))


def simple_convnet(settings: NetworkSettings, _: tuple[int, int, int]) -> Layers:
    """Convolution, pooling, one hidden layer (the book's chapter 7.5)."""
    kernel_size = _or(settings.kernel_size, 5)
    yield from _convolution(settings, _or(settings.filters, 30), kernel_size)
    yield MaxPoolingSettings()
    yield FlattenSettings()
    yield from _hidden(settings, _or(settings.hidden_units, 100))


def lenet5(settings: NetworkSettings, input_shape: tuple[int, int, int]) -> Layers:
    """LeNet-5 (LeCun et al. 1998), with maximum pooling and ReLU as it is used today.

    The paper's images are 32 × 32. A first convolution on smaller ones is padded to keep their
    size, and the second one is padded too where less than two rows would be left of it (8 × 8).
    """
    kernel_size = _or(settings.kernel_size, 5)
    size = min(input_shape[1:])
    first_padding = kernel_size // 2 if size < 32 else 0
    size = (size + 2 * first_padding - kernel_size + 1) // 2
    second_padding = kernel_size // 2 if size - kernel_size + 1 < 2 else 0
    yield from _convolution(settings, _or(settings.filters, 6), kernel_size, first_padding)
    yield MaxPoolingSettings()
    yield from _convolution(settings, _or(settings.filters_2, 16), kernel_size, second_padding)
    yield MaxPoolingSettings()
    yield FlattenSettings()
    yield from _hidden(settings, _or(settings.hidden_units, 120))
    yield from _hidden(settings, _or(settings.hidden_units_2, 84))


def alexnet_small(settings: NetworkSettings, _: tuple[int, int, int]) -> Layers:
    """AlexNet's five convolutions (Krizhevsky et al. 2012), made for 32 × 32 × 3.

    Filters in the ratio 2 : 3 : 4 : 4 : 3, pooling after the first, second and fifth convolution,
    dropout around the hidden layer.
    """
    filters, dropout = _or(settings.filters, 32), _or(settings.dropout, 0.5)
    yield from _convolution(settings, filters, 5, padding=2)
    yield MaxPoolingSettings()
    yield from _convolution(settings, max(1, filters * 3 // 2), 3, padding=1)
    yield MaxPoolingSettings()
    yield from _convolution(settings, filters * 2, 3, padding=1)
    yield from _convolution(settings, filters * 2, 3, padding=1)
    yield from _convolution(settings, max(1, filters * 3 // 2), 3, padding=1)
    yield MaxPoolingSettings()
    yield FlattenSettings()
    yield from _hidden(settings, _or(settings.hidden_units, 128), dropout)


def deep_convnet(settings: NetworkSettings, input_shape: tuple[int, int, int]) -> Layers:
    """The book's deep network (chapter 8.1): three pairs of 3 × 3 convolutions, each pooled.

    As in the book the fourth convolution is padded by 2 where its pooling would else meet an odd
    size (28 × 28: 14 becomes 16). The book's second dropout, of the scores, is left out.
    """
    filters, dropout = _or(settings.filters, 16), _or(settings.dropout, 0.5)
    size = min(input_shape[1:]) // 2
    for pair in range(3):
        yield from _convolution(settings, filters * 2**pair, 3, padding=1)
        widened = 2 if pair == 1 and size // 2 % 2 == 1 else 1
        yield from _convolution(settings, filters * 2**pair, 3, padding=widened)
        yield MaxPoolingSettings()
    yield FlattenSettings()
    yield from _hidden(settings, _or(settings.hidden_units, 50), dropout)


ARCHITECTURES: dict[str, Callable[[NetworkSettings, tuple[int, int, int]], Layers]] = {
    "mlp": mlp,
    "simple_convnet": simple_convnet,
    "lenet5": lenet5,
    "alexnet_small": alexnet_small,
    "deep_convnet": deep_convnet,
}


def _convolution(
    settings: NetworkSettings, filters: int, kernel_size: int, padding: int = 0
) -> Layers:
    yield ConvolutionSettings(filters=filters, kernel_size=kernel_size, padding=padding)
    yield from _activation(settings)


def _hidden(settings: NetworkSettings, units: int, dropout: float | None = None) -> Layers:
    yield AffineSettings(units=units)
    yield from _activation(settings)
    rate = _or(settings.dropout, 0.0) if dropout is None else dropout
    if rate:
        yield DropoutSettings(rate=rate)


def _activation(settings: NetworkSettings) -> Layers:
    if settings.batch_norm:
        yield BatchNormSettings()
    yield ACTIVATIONS[settings.activation or "relu"]()


def _or(value: T | None, default: T) -> T:
    return default if value is None else value
