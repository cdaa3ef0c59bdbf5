"""A network: layers in a row, their parameters in one vector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.nn.arrays import FloatArray, Scratch
from hpsearch.nn.layers.base import Layer, ParameterShape, count
from hpsearch.nn.layers.dropout import Dropout


@dataclass(frozen=True)
class Entry:
    """Where one array lies in a vector of all: values `start` to `stop`, of this shape."""

    layer: Layer
    name: str
    shape: ParameterShape
    start: int
    stop: int

    @property
    def full_name(self) -> str:
        """Unique in the network: `3.convolution.weight`, the layer's number first."""
        return f"{self.layer.site.number}.{self.layer.site.name}.{self.name}"


class Network:
    """Layers in a row.

    `parameters`, `gradients` and `running` are vectors; the layers hold views of them. In
    `parameters` all weights come first, `weights` of them, then biases, scales and shifts.
    `stages` are what runs: the layers, some of them joined (hpsearch.nn.stages.fusion).
    """

    def __init__(
        self, layers: Sequence[Layer], stages: Sequence[Layer], dtype: npt.DTypeLike
    ) -> None:
        self.layers = tuple(layers)
        self.stages = tuple(stages)
        self.dtype = np.dtype(dtype)
        self.parameter_entries = parameter_entries(layers)
        self.running_entries = running_entries(layers)
        self.weights = sum(e.stop - e.start for e in self.parameter_entries if e.shape.is_weight)
        self.parameters = self._vector(self.parameter_entries)
        self.gradients = self._vector(self.parameter_entries)
        self.running = self._vector(self.running_entries)
        scratch = Scratch()
        for stage in self.stages:
            stage.workspace.share(scratch)
        for entry in self.parameter_entries:
            entry.layer.parameters[entry.name] = view(self.parameters, entry)
            entry.layer.gradients[entry.name] = view(self.gradients, entry)
        for entry in self.running_entries:
            entry.layer.running[entry.name] = view(self.running, entry)

    def _vector(self, entries: Sequence[Entry]) -> FloatArray:
        return np.zeros(entries[-1].stop if entries else 0, self.dtype)

    def use_generator(self, generator: np.random.Generator) -> None:
        """Draw dropout masks from this generator from now on."""
        for layer in self.layers:
            if isinstance(layer, Dropout):
                layer.generator = generator

    def forward(self, x: FloatArray) -> FloatArray:
        """Scores (classes, batch) in training, for images (H, C, W, batch).

        The caller may change the scores.
        """
        for stage in self.stages:
            x = stage.forward(x)
        return x

    def evaluate(self, x: FloatArray) -> FloatArray:
        """Scores (classes, batch) of the network as it is used: no dropout, running statistics."""
        for stage in self.stages:
            x = stage.evaluate(x)
        return x

    def backward(self, grad_scores: FloatArray) -> None:
        """Write `gradients`, from the gradient of the loss with respect to the scores."""
        grad = grad_scores
        for stage in reversed(self.stages):
            grad = stage.backward(grad)
            if not stage.wants_input_gradient:
                break


def view(vector: FloatArray, entry: Entry) -> FloatArray:
    """The entry's part of a vector, in its shape."""
    return vector[entry.start : entry.stop].reshape(entry.shape.shape)


def parameter_entries(layers: Sequence[Layer]) -> tuple[Entry, ...]:
    """All parameters: weights first, each kind in the order of the layers."""
    found = [
        (layer, name, shape) for layer in layers for name, shape in layer.parameter_shapes().items()
    ]
    return tuple(_placed(sorted(found, key=lambda item: not item[2].is_weight)))


def running_entries(layers: Sequence[Layer]) -> tuple[Entry, ...]:
    """All running statistics, in the order of the layers."""
    return tuple(
        _placed(
            [
                (layer, name, shape)
                for layer in layers
                for name, shape in layer.running_shapes().items()
            ]
        )
    )


def _placed(found: Sequence[tuple[Layer, str, ParameterShape]]) -> Iterator[Entry]:
    start = 0
    for layer, name, shape in found:
        stop = start + count(shape.shape)
        yield Entry(layer, name, shape, start, stop)
        start = stop
