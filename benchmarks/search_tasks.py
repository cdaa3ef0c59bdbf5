"""The tasks that searches are compared on: real images, a network, and a space.

On each the learning rate is searched over 1e-3 to 1e3, and a trial trains for at most 3 epochs.
What is tuned on which of them is told in docs/search.md; those in UNTUNED no default was chosen on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.baseline import Baseline
from hpsearch.datasets.digits import digits
from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part, Split
from hpsearch.search.simulation import Score
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.space import Value
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.leg import LegReport, LegTask, TrainState, run_leg

LONGEST = 3.0
"""Epochs of training of one trial, at most."""
MOST_STATES = 64
"""Networks that a trainer keeps, to train them on: more than any search has in training."""
ALIKE = (4, 9)
"""Of MNIST's digits: those that are told from the others where there are two classes."""
WIDE = {"low": 1e-3, "high": 1e3, "log": True}
TWO: Mapping[str, Any] = {"learning_rate": WIDE, "weight_decay": WIDE}
TEN: Mapping[str, Any] = {
    "learning_rate": WIDE,
    "weight_decay": {"low": 1e-6, "high": 1e3, "log": True},
    "optimizer": {"choices": ["sgd", "momentum", "adagrad", "adam"]},
    "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": ["momentum"]}},
    "batch_size": {"type": "int", "low": 16, "high": 256, "log": True},
    "activation": {"choices": ["relu", "tanh", "sigmoid"]},
    "initializer": {"choices": ["he", "xavier", 0.01]},
    "batch_norm": {"choices": [True, False]},
    "dropout": {"low": 0.0, "high": 0.7},
    "filters": {"type": "int", "low": 4, "high": 32, "log": True},
}
LAYERS = [
    {"type": "convolution", "filters": 8, "kernel_size": 3, "padding": 1},
    {"type": "relu"},
    {"type": "max_pooling", "window": 2},
    {"type": "convolution", "filters": 16, "kernel_size": 3, "padding": 1},
    {"type": "relu"},
    {"type": "max_pooling", "window": 2},
    {"type": "affine", "units": 64},
    {"type": "relu"},
    {"type": "dropout", "rate": 0.0},
]
OF_LAYERS: Mapping[str, Any] = {
    "learning_rate": WIDE,
    "weight_decay": {"low": 1e-6, "high": 1e3, "log": True},
    "layers.0.filters": {"type": "int", "low": 4, "high": 32, "log": True},
    "layers.3.filters": {"type": "int", "low": 4, "high": 48, "log": True},
    "layers.6.units": {"type": "int", "low": 16, "high": 256, "log": True},
    "layers.8.rate": {"low": 0.0, "high": 0.7},
}
SOLVERS = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "batch_size": {"type": "int", "low": 10, "high": 100, "log": True},
}


@dataclass(frozen=True)
class Images:
    """What a search sees, and what none sees."""

    split: Split
    unseen: Part


@dataclass(frozen=True)
class Task:
    """A search problem. images: from the folder with mnist.npz and cifar10_small.npz."""

    name: str
    images: Callable[[Path], Images]
    space: Mapping[str, Any]
    settings: Mapping[str, Any]

    def spec(self, seed: int, epochs: float, **changes: object) -> SearchSpec:
        """The spec of a search with this budget of epochs. changes: fields that override it."""
        return parse_spec(
            {
                "dataset": "images",
                "epochs": LONGEST,
                "space": self.space,
                "budget": {"epochs": epochs},
                "confirm": None,
                "seed": seed,
                **self.settings,
                **changes,
            }
        )

    def baseline(self, folder: Path) -> Baseline:
        """What guessing scores on the validation part."""
        data = self.images(folder).split
        return Baseline.of(data.validation.labels, data.classes)


@lru_cache(maxsize=4)
def _read(file: Path) -> Dataset:
    """Images as (image, channel, row, column)."""
    with np.load(file) as arrays:
        train, test = (
            Part(_channels_first(arrays[f"x_{part}"]), arrays[f"y_{part}"].astype(np.int64))
            for part in ("train", "test")
        )
    return Dataset(file.stem, train, test, 10)


def _channels_first(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if images.ndim == 3:
        return images[:, None]
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _divided(data: Dataset, size: int | None) -> Images:
    return Images(split(data, size, 0.2, stratified=True, seed=0), data.test)


@lru_cache(maxsize=1)
def _digits(_: Path) -> Images:
    return _divided(digits(), None)


@lru_cache(maxsize=1)
def _mnist(folder: Path) -> Images:
    return _divided(_read(folder / "mnist.npz"), 5000)


@lru_cache(maxsize=1)
def _cifar(folder: Path) -> Images:
    return _divided(_read(folder / "cifar10_small.npz"), 5000)


@lru_cache(maxsize=1)
def _unbalanced(folder: Path) -> Images:
    """Is it a four or a nine? A fifth of the images is."""
    data = _read(folder / "mnist.npz")
    train, test = (
        Part(part.images, np.isin(part.labels, ALIKE).astype(np.int64))
        for part in (data.training, data.test)
    )
    return _divided(Dataset("unbalanced", train, test, 2), 5000)


SGD = {"network": "lenet5", "batch_size": 100}
BY_LAYERS = {"network": {"layers": LAYERS}}
TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("digits-two", _digits, TWO, {"network": "lenet5", "batch_size": 20}),
        Task("cifar-ten", _cifar, TEN, {"network": "lenet5"}),
        Task("digits-layers", _digits, {**OF_LAYERS, **SOLVERS}, BY_LAYERS),
        Task("mnist-ten", _mnist, TEN, {"network": "lenet5"}),
        Task("mnist-two", _mnist, TWO, SGD),
        Task("cifar-layers", _cifar, OF_LAYERS, {**BY_LAYERS, "batch_size": 50}),
        Task("unbalanced-two", _unbalanced, TWO, SGD),
    )
}
UNTUNED = ("mnist-ten", "cifar-layers")


class RealTrainer:
    """Trains. Each trial goes on from where its last report left it; if MOST_STATES others were
    trained since, it begins again and comes to the same network."""

    def __init__(self, spec: SearchSpec, data: Split, seed: int) -> None:
        self._spec, self._data, self._seed = spec, data, seed
        self._states: dict[int, TrainState | None] = {}

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        """Train on, to so many epochs in all, and score."""
        return self._leg(self._data, params, number, epoch)

    def score_on(self, part: Part, params: Mapping[str, Value], number: int, epoch: float) -> float:
        """Accuracy of a trial that has come so far on other images."""
        return self._leg(replace(self._data, validation=part), params, number, epoch).accuracy

    def _leg(self, data: Split, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        network, training = self._spec.settings_for(params)
        per_epoch = steps_per_epoch(len(self._data.training), training.batch_size)
        task = LegTask(
            network=network,
            training=training,
            job_seed=self._seed,
            trial=number,
            stop_step=max(1, round(epoch * per_epoch)),
            total_steps=round(LONGEST * per_epoch),
        )
        state, report = run_leg(task, data, self._states.pop(number, None))
        self._states[number] = state
        if len(self._states) > MOST_STATES:
            del self._states[next(iter(self._states))]
        return score_of(report)


def score_of(report: LegReport) -> Score:
    """What a search is told of a leg."""
    return Score(
        accuracy=report.value,
        loss=report.loss,
        first_loss=report.first_loss,
        training_loss=report.training_loss,
        diverged_at=report.diverged_at,
        epoch=report.epoch,
    )
