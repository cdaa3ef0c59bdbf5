"""One training step of a network: forward, loss, backward, update."""

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Images
from hpsearch.nn.arrays import FloatArray, Labels
from hpsearch.nn.layers.base import inside
from hpsearch.nn.loss import grad_scores, softmax_cross_entropy
from hpsearch.nn.memory import part_size
from hpsearch.nn.network import Network
from hpsearch.nn.optimizers.rules import build_optimizer
from hpsearch.nn.optimizers.schedule import clip
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.batches import load_batch


class Trainer:
    """A network with its optimizer."""

    def __init__(self, network: Network, settings: TrainingSettings) -> None:
        self.network = network
        self.settings = settings
        self.optimizer = build_optimizer(settings, network.parameters, network.weights)
        self.part_size = part_size(
            network.layers, network.stages, settings.batch_size, network.dtype.itemsize
        )
        self._accumulated = np.zeros(0, network.dtype)
        self._inputs: dict[int, FloatArray] = {}

    def step(
        self,
        images: Images,
        labels: Labels,
        chosen: npt.NDArray[np.intp],
        learning_rate: float,
    ) -> float:
        """Train on the chosen images; returns their mean loss before the update.

        Where the loss is not finite nothing is updated.
        """
        if len(chosen) <= self.part_size:
            total = self._gradients(images, labels, chosen, len(chosen))
        else:
            total = self._gradients_in_parts(images, labels, chosen)
        loss = total / len(chosen)
        if np.isfinite(loss):
            if self.settings.clip_norm is not None:
                clip(self.network.gradients, self.settings.clip_norm)
            self.optimizer.step(self.network.gradients, learning_rate)
        return loss

    def parameters_finite(self) -> bool:
        """Whether no parameter is infinite or NaN."""
        parameters = self.network.parameters
        if np.isfinite(np.dot(parameters, parameters)):  # one pass, and almost always enough
            return True
        return bool(np.isfinite(parameters).all())

    def _gradients(
        self, images: Images, labels: Labels, chosen: npt.NDArray[np.intp], batch: int
    ) -> float:
        """Write the gradients of (summed loss of the chosen) / batch; returns the summed loss."""
        x = self._input(len(chosen), images.shape[1:])
        load_batch(images, chosen, x)
        scores = self.network.forward(x)
        losses = softmax_cross_entropy(scores, labels[chosen])
        self.network.backward(grad_scores(scores, labels[chosen], 1 / batch))
        return float(losses.sum(dtype=np.float64))

    def _gradients_in_parts(
        self, images: Images, labels: Labels, chosen: npt.NDArray[np.intp]
    ) -> float:
        if self._accumulated.size == 0:
            self._accumulated = np.empty_like(self.network.gradients)
        self._accumulated.fill(0)
        total = 0.0
        for start in range(0, len(chosen), self.part_size):
            part = chosen[start : start + self.part_size]
            total += self._gradients(images, labels, part, len(chosen))
            self._accumulated += self.network.gradients
        np.copyto(self.network.gradients, self._accumulated)
        return total

    def _input(self, batch: int, image_shape: tuple[int, ...]) -> FloatArray:
        if batch not in self._inputs:
            self._inputs[batch] = np.empty(inside(image_shape, batch), self.network.dtype)
        return self._inputs[batch]
