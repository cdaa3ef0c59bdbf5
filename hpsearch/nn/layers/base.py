"""What every layer is: shapes, parameters, forward and backward."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hpsearch.errors import ImpossibleShape
from hpsearch.nn.arrays import Buffer, FloatArray, Shape, Workspace


@dataclass(frozen=True)
class Site:
    """Where a layer stands: its number in the network (from 1), its name, the arriving shape."""

    number: int
    name: str
    shape: Shape

    def refuse(self, needs: str) -> ImpossibleShape:
        """The error to raise where the arriving shape cannot be."""
        return ImpossibleShape(self.number, self.name, self.shape, needs)

    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width of what arrives; raises ImpossibleShape for features."""
        if len(self.shape) != 3:
            raise self.refuse("an image: channels × height × width")
        channels, height, width = self.shape
        return channels, height, width


@dataclass(frozen=True)
class ParameterShape:
    """An array that is learned.

    Weights are drawn by an initializer, from `fan_in` (inputs of a unit). What has an `initial`
    value instead is a bias, or the scale or shift of a batch normalisation.
    """

    shape: Shape
    fan_in: int = 0
    initial: float | None = None

    @property
    def is_weight(self) -> bool:
        """Whether an initializer draws it, and weight decay acts on it."""
        return self.initial is None


class Layer(ABC):
    """One step of a network, with the workspaces for it.

    `forward` and `backward` give arrays that the layer owns and overwrites at its next call.
    `backward` follows a `forward` of the same batch; it writes `gradients` and gives the gradient
    of the loss with respect to the layer's input; where `wants_input_gradient` is False, anything.
    """

    def __init__(self, site: Site, output_shape: Shape) -> None:
        self.site = site
        self.input_shape = site.shape
        self.output_shape = output_shape
        self.wants_input_gradient = True
        self.parameters: dict[str, FloatArray] = {}
        self.gradients: dict[str, FloatArray] = {}
        self.running: dict[str, FloatArray] = {}
        self.workspace = Workspace(self.buffers)

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        """What the layer learns, by name."""
        return {}

    def running_shapes(self) -> Mapping[str, ParameterShape]:
        """What the layer keeps beside its parameters for evaluation, by name."""
        return {}

    def buffers(self, batch: int) -> Mapping[str, Buffer]:  # noqa: ARG002  # for subclasses
        """The workspaces for a batch of this size."""
        return {}

    @abstractmethod
    def forward(self, x: FloatArray) -> FloatArray:
        """The output for an input, in training; both with the batch as their last axis."""

    def evaluate(self, x: FloatArray) -> FloatArray:
        """The output for an input, when the network is used."""
        return self.forward(x)

    @abstractmethod
    def backward(self, grad_output: FloatArray) -> FloatArray:
        """The gradient of the loss with respect to the input, from that of the output."""


def inside(shape: Shape, batch: int) -> Shape:
    """The shape of an array inside the network: (H, C, W, batch) or (features, batch)."""
    if len(shape) == 3:
        channels, height, width = shape
        return height, channels, width, batch
    return *shape, batch


def count(shape: Shape) -> int:
    """How many numbers an array of this shape holds."""
    return int(np.prod(shape, dtype=object))
