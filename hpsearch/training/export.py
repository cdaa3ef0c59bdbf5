"""A trained network in one file, `model.npz`; docs/networks.md documents the format."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from hpsearch.datasets.values import Images
from hpsearch.errors import HpsearchError
from hpsearch.nn import Network, build_network
from hpsearch.nn.arrays import FloatArray, Labels
from hpsearch.nn.network import Entry, view
from hpsearch.spec.network import NetworkSettings
from hpsearch.training.evaluation import BATCH, score_batches
from hpsearch.training.leg import TrainState

FORMAT = 1
DESCRIPTION = "description"


class UnreadableModel(HpsearchError):
    """A file that is no model, or one of another version; the message says which."""


def model_bytes(
    network: NetworkSettings, input_shape: tuple[int, int, int], classes: int, state: TrainState
) -> bytes:
    """The content of `model.npz` for a trained network."""
    built = build_network(network, input_shape, classes, np.random.default_rng(0))
    np.copyto(built.parameters, state.parameters)
    np.copyto(built.running, state.running)
    description = {
        "format": FORMAT,
        "network": network.model_dump(mode="json", exclude_unset=True),
        "input_shape": list(input_shape),
        "classes": classes,
        "step": state.step,
    }
    file = io.BytesIO()
    arrays: dict[str, Any] = {DESCRIPTION: np.array(json.dumps(description)), **_arrays(built)}
    np.savez(file, **arrays)
    return file.getvalue()


def load_model(path: str | Path) -> "Model":
    """Read a model; raises UnreadableModel, or OSError where the file cannot be opened."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        description = json.loads(str(arrays.pop(DESCRIPTION)))
        if description["format"] != FORMAT:
            raise UnreadableModel(
                f"{path} has format {description['format']}; this version reads {FORMAT}"
            )
        network = build_network(
            NetworkSettings.model_validate(description["network"]),
            _input_shape(description["input_shape"]),
            int(description["classes"]),
            np.random.default_rng(0),
        )
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UnreadableModel(f"{path} is not a model of hpsearch: {_reason(error)}") from None
    expected = {name: array.shape for name, array in _arrays(network).items()}
    if expected != {name: array.shape for name, array in arrays.items()}:
        raise UnreadableModel(f"{path} does not hold the arrays of its network")
    for vector, entries in _vectors(network):
        for entry in entries:
            view(vector, entry)[...] = arrays[entry.full_name]
    return Model(network, _input_shape(description["input_shape"]), int(description["classes"]))


class Model:
    """A trained network, for use. Not for several threads at once."""

    def __init__(self, network: Network, input_shape: tuple[int, int, int], classes: int) -> None:
        self.network = network
        self.input_shape = input_shape
        self.classes = classes

    def probabilities(self, images: Images) -> FloatArray:
        """Probabilities (N, classes) for images (N, C, H, W), uint8 0..255 or float32 0..1.

        Raises ValueError where the images have another shape.
        """
        if images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise ValueError(
                f"images must be (N, {', '.join(map(str, self.input_shape))}), not {images.shape}"
            )
        if len(images) == 0:
            return np.zeros((0, self.classes), self.network.dtype)
        batches = [scores.T.copy() for scores in score_batches(self.network, images, BATCH)]
        scores = np.concatenate(batches)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def predict(self, images: Images) -> Labels:
        """The most likely class (N,) of each image."""
        classes: Labels = self.probabilities(images).argmax(axis=1).astype(np.int64)
        return classes


def _vectors(network: Network) -> list[tuple[FloatArray, tuple[Entry, ...]]]:
    return [
        (network.parameters, network.parameter_entries),
        (network.running, network.running_entries),
    ]


def _arrays(network: Network) -> dict[str, Any]:
    return {
        entry.full_name: view(vector, entry)
        for vector, entries in _vectors(network)
        for entry in entries
    }


def _input_shape(values: list[int]) -> tuple[int, int, int]:
    channels, height, width = (int(value) for value in values)
    return channels, height, width


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "its network settings are not valid"
    return str(error) or type(error).__name__
