"""A trained network as JSON that `report.js` runs: the layers as they are for evaluation.

Arrays are base64 of little-endian float32. Images lie as (height, channels, width), as in
hpsearch.nn.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.average_pooling import AveragePooling
from hpsearch.nn.layers.base import Layer
from hpsearch.nn.layers.batch_norm import BatchNorm
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.layers.dropout import Dropout
from hpsearch.nn.layers.flatten import Flatten
from hpsearch.nn.layers.max_pooling import MaxPooling
from hpsearch.nn.layers.pooling import Pooling
from hpsearch.nn.layers.relu import ReLU
from hpsearch.nn.layers.sigmoid import Sigmoid
from hpsearch.nn.layers.tanh import Tanh
from hpsearch.training.model import Model

ACTIVATIONS: Mapping[type[Layer], str] = {ReLU: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}
DO_NOTHING = (Flatten, Dropout)


def network_json(model: Model) -> dict[str, Any]:
    """The network, its input shape and the names of its classes."""
    channels, height, width = model.input_shape
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "names": [model.name_of(label) for label in range(model.classes)],
        "layers": list(_layers(model)),
    }


def encoded(array: Any) -> str:
    """Base64 of the numbers, in float32 or uint8."""
    kind = np.uint8 if array.dtype == np.uint8 else np.dtype("<f4")
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def _layers(model: Model) -> Iterator[dict[str, Any]]:
    for layer in model.network.layers:
        if type(layer) in ACTIVATIONS:
            yield {"kind": ACTIVATIONS[type(layer)]}
        elif isinstance(layer, Affine):
            yield {
                "kind": "affine",
                "inputs": layer.inputs,
                "units": layer.units,
                **_learned(layer),
            }
        elif isinstance(layer, Convolution):
            yield {"kind": "convolution", **_convolution(layer), **_learned(layer)}
        elif isinstance(layer, Pooling):
            yield _pooling(layer)
        elif isinstance(layer, BatchNorm):
            yield _batch_norm(layer)
        else:
            assert isinstance(layer, DO_NOTHING), f"report.js knows no {type(layer).__name__}"


def _learned(layer: Layer) -> dict[str, str]:
    return {name: encoded(array) for name, array in layer.parameters.items()}


def _convolution(layer: Convolution) -> dict[str, int]:
    g = layer.geometry
    names = ("channels", "height", "width", "filters", "kernel", "stride", "padding")
    return {name: getattr(g, name) for name in (*names, "rows", "columns")}


def _pooling(layer: Pooling) -> dict[str, Any]:
    channels, height, width = layer.input_shape
    assert isinstance(layer, MaxPooling | AveragePooling)
    return {
        "kind": "max_pooling" if isinstance(layer, MaxPooling) else "average_pooling",
        "channels": channels,
        "height": height,
        "width": width,
        "window": layer.window,
        "stride": layer.stride,
        "padding": layer.padding,
        "rows": layer.out_height,
        "columns": layer.out_width,
    }


def _batch_norm(layer: BatchNorm) -> dict[str, Any]:
    """y = factor x + offset, for each channel."""
    factor = layer.parameters["scale"] / np.sqrt(layer.running["variance"] + layer.epsilon)
    offset = layer.parameters["shift"] - layer.running["mean"] * factor
    width = layer.input_shape[-1] if len(layer.input_shape) == 3 else 1
    return {
        "kind": "batch_norm",
        "channels": layer.channels,
        "width": width,
        "factor": encoded(factor),
        "offset": encoded(offset),
    }
