"""A trained network in one file, `model.npz`; docs/networks.md documents the format.

The same network gives the same bytes. A file may come from anybody: its arrays are checked against
the network that its settings make before any of them is read, and nothing in it is ever run.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from hpsearch.datasets.archive import Head, open_zip, read_array, read_head
from hpsearch.datasets.stored import writing_stored
from hpsearch.errors import DatasetError, ImpossibleShape, NetworkTooLarge, UnreadableModel
from hpsearch.nn import build_network, check_size, learned_shapes
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.network import Entry, Network, view
from hpsearch.spec import strict_json
from hpsearch.spec.bounds import STORED
from hpsearch.spec.network import NetworkSettings
from hpsearch.training.leg import TrainState
from hpsearch.training.model import Model

FORMAT = 1
DESCRIPTION = "description"
MAX_DESCRIPTION = 4 * 2**20  # bytes in the file: UTF-32
MAX_NUMBERS = 2**28  # 1 GiB of weights
MAX_SIDE = 1024  # of an image; as data sets have it
MAX_CHANNELS = 4
MAX_CLASSES = 10_000

Shape = tuple[int, ...]
InputShape = tuple[int, int, int]


def model_bytes(
    network: NetworkSettings,
    input_shape: InputShape,
    classes: int,
    state: TrainState,
    class_names: tuple[str, ...] = (),
) -> bytes:
    """The content of `model.npz` for a trained network. class_names: empty if they are numbers."""
    built = build_network(network, input_shape, classes, np.random.default_rng(0))
    np.copyto(built.parameters, state.parameters)
    np.copyto(built.running, state.running)
    described = json.dumps(
        {
            "format": FORMAT,
            "network": network.model_dump(mode="json", exclude_unset=True),
            "input_shape": list(input_shape),
            "classes": classes,
            "class_names": list(class_names),
            "step": state.step,
            "weights": state.weights(),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        with writing_stored(path) as writer:
            with writer.stream(DESCRIPTION, f"<U{len(described)}", ()) as member:
                member.write(described.encode("utf-32-le"))
            for name, array in _arrays(built).items():
                writer.array(name, array)
        return path.read_bytes()


def load_model(path: str | Path) -> Model:
    """Read a model, which anybody may have made. Raises UnreadableModel that says what is wrong."""
    try:
        return _load(Path(path))
    except DatasetError as error:
        raise UnreadableModel(f"{path} is not a model of hpsearch: {error}") from None


def _load(path: Path) -> Model:
    with open_zip(path) as archive:
        members = archive.infolist()
        names = [member.filename.removesuffix(".npy") for member in members]
        if DESCRIPTION not in names or len(set(names)) < len(names):
            raise DatasetError("it has no description, or arrays of the same name")
        heads = {name: read_head(archive, info) for name, info in zip(names, members, strict=True)}
        infos = dict(zip(names, members, strict=True))
        described = _described(heads[DESCRIPTION])
        facts = _facts(str(read_array(archive, infos[DESCRIPTION], described)))
        shape, classes = _input_shape(facts), _classes(facts)
        settings = _settings(facts)
        expected = _expected(settings, shape, classes)
        found = {name: head for name, head in heads.items() if name != DESCRIPTION}
        _check_arrays(found, expected)
        network = build_network(settings, shape, classes, np.random.default_rng(0))
        for vector, entries in _vectors(network):
            for entry in entries:
                name = entry.full_name
                view(vector, entry)[...] = read_array(archive, infos[name], heads[name])
    return Model(network, shape, classes, _class_names(facts, classes))


def _described(head: Head) -> Head:
    if head.shape != () or head.dtype.kind != "U" or head.size > MAX_DESCRIPTION:
        raise DatasetError(f"its description is {head.shape} of {head.dtype}, not a text")
    return head


def _facts(text: str) -> Mapping[str, Any]:
    try:
        facts = strict_json.loads(text.encode())
    except Exception as error:
        raise DatasetError(f"its description is not JSON: {error}") from None
    if not isinstance(facts, dict):
        raise DatasetError("its description is not a JSON object")
    if facts.get("format") != FORMAT:
        raise DatasetError(f"it has format {facts.get('format')!r}; this version reads {FORMAT}")
    return facts


def _settings(facts: Mapping[str, Any]) -> NetworkSettings:
    try:
        return NetworkSettings.model_validate(facts.get("network"), context=STORED)
    except ValidationError:
        raise DatasetError("its network settings are not valid") from None


def _input_shape(facts: Mapping[str, Any]) -> InputShape:
    given = facts.get("input_shape")
    allowed = (MAX_CHANNELS, MAX_SIDE, MAX_SIDE)
    if (
        not isinstance(given, list)
        or len(given) != 3
        or not all(type(size) is int for size in given)
        or not all(1 <= size <= most for size, most in zip(given, allowed, strict=True))
    ):
        raise DatasetError(
            f"its input_shape is {str(given)[:80]}, not [channels, height, width] of at most "
            f"{list(allowed)}"
        )
    channels, height, width = given
    return channels, height, width


def _classes(facts: Mapping[str, Any]) -> int:
    classes = facts.get("classes")
    if type(classes) is not int or not 1 <= classes <= MAX_CLASSES:
        raise DatasetError(f"its classes are {str(classes)[:80]}, not 1 to {MAX_CLASSES:,}")
    return classes


def _class_names(facts: Mapping[str, Any], classes: int) -> tuple[str, ...]:
    names = facts.get("class_names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DatasetError("its class_names are not texts")
    if names and len(names) != classes:
        raise DatasetError(f"it has {len(names)} class_names for {classes} classes")
    return tuple(names)


def _expected(settings: NetworkSettings, shape: InputShape, classes: int) -> Mapping[str, Shape]:
    try:
        expected = learned_shapes(settings, shape, classes)
    except ImpossibleShape as error:
        raise DatasetError(f"its network does not fit its images: {error}") from None
    numbers = sum(int(np.prod(each, dtype=object)) for each in expected.values())
    if numbers > MAX_NUMBERS:
        raise DatasetError(f"its network has {numbers:,} numbers; the maximum is {MAX_NUMBERS:,}")
    try:
        check_size(settings, shape, classes, batch_size=1)
    except NetworkTooLarge as error:
        raise DatasetError(f"its network is too large: {error}") from None
    return expected


def _check_arrays(found: Mapping[str, Head], expected: Mapping[str, Shape]) -> None:
    if found.keys() != expected.keys():
        raise DatasetError("it does not hold the arrays of its network")
    for name, shape in expected.items():
        head = found[name]
        if head.shape != shape or head.dtype != np.dtype(np.float32):
            raise DatasetError(
                f"its {name} is {head.shape} of {head.dtype}, its network needs {shape} of float32"
            )


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
