"""The same network, trained as most people would write it in PyTorch: for comparison only."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from benchmarks.torch_twin import torch_twin
from hpsearch.datasets.values import Part, Split
from hpsearch.nn import build_network
from hpsearch.search.simulation import Score
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.space import Value, as_number

BATCH = 100


class TorchTrainer:
    """LeNet-5 with He's weights in PyTorch. Each trial goes on from where its last report left it.

    It looks at each loss, and stops at the first that is not finite.
    """

    def __init__(self, data: Split, seed: int) -> None:
        torch.set_num_threads(1)
        self._training, self._validation = _tensors(data.training), _tensors(data.validation)
        self._data, self._seed = data, seed
        self._running: dict[int, _Training] = {}

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        if number not in self._running:
            self._running = {number: _Training(self._data, params, [self._seed, number])}
        training = self._running[number]
        while training.epoch < epoch:
            training.step(*self._training)
            if not math.isfinite(training.loss):
                return Score(math.nan, diverged_at=training.steps, epoch=training.epoch)
        return Score(training.accuracy(*self._validation), epoch=training.epoch)


class _Training:
    """A trial under way."""

    def __init__(self, data: Split, params: Mapping[str, Value], seed: list[int]) -> None:
        generator = np.random.default_rng(seed)
        settings = NetworkSettings(architecture="lenet5")
        self._model = torch_twin(build_network(settings, data.shape, data.classes, generator))
        self._rule = torch.optim.SGD(
            self._model.parameters(),
            lr=as_number(params["learning_rate"]),
            weight_decay=as_number(params["weight_decay"]),
        )
        self._order = torch.Generator().manual_seed(int(generator.integers(2**62)))
        self._images = len(data.training)
        self._batches: list[torch.Tensor] = []
        self.steps = 0
        self.loss = math.nan

    @property
    def epoch(self) -> float:
        """Epochs trained so far."""
        return self.steps * BATCH / self._images

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Train one minibatch."""
        if not self._batches:
            order = torch.randperm(self._images, generator=self._order)
            self._batches = list(order.split(BATCH))
        chosen = self._batches.pop()
        self._rule.zero_grad()
        loss = nn.functional.cross_entropy(self._model(images[chosen]), labels[chosen])
        loss.backward()
        self._rule.step()
        self.steps += 1
        self.loss = loss.item()

    def accuracy(self, images: torch.Tensor, labels: torch.Tensor) -> float:
        """Share of the images classified right."""
        with torch.no_grad():
            return float((self._model(images).argmax(dim=1) == labels).double().mean())


def _tensors(part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(part.images.astype(np.float32) / 255)
    return images, torch.from_numpy(part.labels)
