"""Which layers run joined, so that fewer passes go over memory (docs/networks.md explains)."""

from collections.abc import Sequence

from hpsearch.nn.convolutions import quads, winograd
from hpsearch.nn.layers.base import Layer
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.relu import ReLU
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
    rest = list(layers)
    while rest:
        stage, taken = _next_stage(rest)
        stages.append(stage)
        rest = rest[taken:]
    _hand_tiles_over(stages)
    return stages


def _next_stage(rest: Sequence[Layer]) -> tuple[Layer, int]:
    """The stage for the layers at the front, and how many they are."""
    match rest:
        case [Convolution() as convolution, MaxPooling() as pooling, ReLU(), *_] | [
            Convolution() as convolution,
            ReLU(),
            MaxPooling() as pooling,
            *_,
        ] if _halves(convolution, pooling):
            if quads.suits(convolution.geometry) and not winograd.suits(convolution.geometry):
                return ConvolutionQuads(convolution), 3
            return ConvolutionMaxPooling(convolution), 3
        case [Convolution() as convolution, ReLU(), *_]:
            return ConvolutionReLU(convolution), 2
    return rest[0], 1


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
