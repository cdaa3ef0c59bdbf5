"""Which layers run joined, so that fewer passes go over memory (docs/networks.md explains)."""

from collections.abc import Sequence
from dataclasses import replace

from hpsearch.nn.convolutions import quads, winograd
from hpsearch.nn.layers.activation import Activation
from hpsearch.nn.layers.base import Layer
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.stages.convolution_alone import ConvolutionAlone
from hpsearch.nn.stages.convolution_max_pooling import ConvolutionMaxPooling
from hpsearch.nn.stages.convolution_quads import ConvolutionQuads
from hpsearch.nn.stages.convolution_relu import ConvolutionReLU
from hpsearch.nn.stages.finished import FinishedConvolution


def fuse(layers: Sequence[Layer]) -> list[Layer]:
    """The stages that run for these layers, in order; the same function of the input."""
    for layer in layers:  # nobody asks for the gradient of the images
        layer.wants_input_gradient = False
        if layer.parameter_shapes():
            break
    stages: list[Layer] = []
    rest = _pool_first(layers)
    while rest:
        stage, taken = _next_stage(rest)
        stages.append(stage)
        rest = rest[taken:]
    _hand_tiles_over(stages)
    return stages


def _next_stage(rest: Sequence[Layer]) -> tuple[Layer, int]:
    """The stage for the layers at the front, and how many they are."""
    match rest:
        case [
            Convolution() as convolution,
            MaxPooling() as pooling,
            ReLU(),
            *_,
        ] if _halves(convolution, pooling):
            if quads.suits(convolution.geometry) and not winograd.suits(convolution.geometry):
                return ConvolutionQuads(convolution), 3
            return ConvolutionMaxPooling(convolution), 3
        case [Convolution() as convolution, ReLU(), *_]:
            return ConvolutionReLU(convolution), 2
        case [Convolution() as convolution, *_] if winograd.suits(convolution.geometry):
            return ConvolutionAlone(convolution), 1
    return rest[0], 1


def _pool_first(layers: Sequence[Layer]) -> list[Layer]:
    """Activations rise, so behind a maximum they are the same function, there of fewer numbers."""
    ordered = list(layers)
    for i in range(len(ordered) - 1):
        activation, pooling = ordered[i : i + 2]
        if isinstance(activation, Activation) and isinstance(pooling, MaxPooling):
            site = replace(activation.site, shape=pooling.output_shape)
            ordered[i : i + 2] = [pooling, type(activation)(site)]
    return ordered


def _hand_tiles_over(stages: list[Layer]) -> None:
    """Where a stage would put columns in order that the next takes apart again, make its tiles."""
    for i in reversed(range(len(stages) - 1)):
        stage, following = stages[i : i + 2]
        if isinstance(stage, ConvolutionReLU | ConvolutionMaxPooling) and isinstance(
            following, FinishedConvolution
        ):
            tiling = following.products.take_tiles()
            if tiling is not None:
                stages[i] = type(stage)(stage.convolution, tiling)


def _halves(convolution: Convolution, pooling: MaxPooling) -> bool:
    """Whether 2 × 2 windows lie side by side on a convolution of stride 1."""
    return (pooling.window, pooling.stride, pooling.padding, convolution.geometry.stride) == (
        2,
        2,
        0,
        1,
    )
