"""One value replaced by another JSON type is never accepted: in requests a type is a type."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hpsearch.errors import InvalidSpec
from hpsearch.spec.submission import parse_submission

Path = tuple[str | int, ...]

FULL: Mapping[str, Any] = {
    "name": "a name",
    "dataset": {"name": "mnist", "train_size": 6000},
    "validation": {"fraction": 0.2, "stratified": True},
    "objective": "accuracy",
    "network": {"architecture": "lenet5", "batch_norm": True, "filters": 6, "dropout": 0.1},
    "space": {
        "learning_rate": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
        "weight_decay": {"type": "float", "low": 0.1, "high": 0.9, "step": 0.1},
        "hidden_units": {"type": "int", "low": 8, "high": 64, "step": 8, "log": False},
        "optimizer": {"type": "categorical", "choices": ["sgd", "momentum", "adam"]},
        "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": ["momentum"]}},
        "batch_size": {"choices": [16, 32]},
        "clip_norm": {"choices": [None, 1, 5.5]},
    },
    "sampler": {"name": "tpe", "startup_trials": 10},
    "pruner": {"name": "percentile", "startup_trials": 5, "warm_up": 1, "percentile": 50.0,
               "reduction_factor": 3, "lower": 0.1, "patience": 0},
    "rounds": {"count": 3, "keep": 0.2, "explore": 0.1},
    "epochs": 3, "cohort": 8, "seed": 7, "priority": 2, "warm_start": ["abcdefghij"],
    "budget": {"trials": 60, "epochs": 120, "seconds": 1800, "target": 0.9, "patience": 30,
               "failures": 5},
    "rho": 0.9, "epsilon": 1e-8, "schedule": "step", "schedule_steps": 2, "decay_on": "all",
}  # fmt: skip
LAYERS: Mapping[str, Any] = {
    "dataset": "mnist",
    "network": {
        "layers": [
            {"type": "convolution", "filters": 2, "kernel_size": 3, "stride": 1, "padding": 0},
            {"type": "batch_norm", "running_momentum": 0.9, "epsilon": 1e-5},
            {"type": "max_pooling", "window": 2, "stride": 2, "padding": 0},
            {"type": "dropout", "rate": 0.5},
            {"type": "affine", "units": 3},
        ]
    },
    "space": {"layers.0.filters": {"type": "int", "low": 1, "high": 2}},
}
OF_EACH_TYPE: Mapping[type, list[object]] = {
    bool: [True, False],
    str: ["3", "0.5", " 1_0 ", "true", "", "yes"],
    int: [0, 1, 7],
    float: [0.5, 1.0],
    list: [[], [1]],
    dict: [{}, {"a": 1}],
}


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def replaced(spec: Mapping[str, Any], path: Path, value: object) -> dict[str, Any]:
    changed: Any = copy.deepcopy(dict(spec))
    here = changed
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return dict(changed)


def others(value: object) -> Iterator[object]:
    """Values of the other JSON types; a whole number may stand where any number may."""
    for kind, values in OF_EACH_TYPE.items():
        if kind is type(value) or (type(value) is float and kind is int) or value is None:
            continue
        yield from values


@pytest.mark.parametrize("spec", [FULL, LAYERS], ids=["full", "layers"])
def test_another_type_is_refused_wherever_it_stands(spec: Mapping[str, Any]) -> None:
    parse_submission(spec)
    accepted = []
    for path, value in leaves(spec):
        if "clip_norm" in path and value is None:
            continue
        for other in others(value):
            if isinstance(other, float | int) and not isinstance(other, bool) and takes_any(path):
                continue
            try:
                parse_submission(replaced(spec, path, other))
            except InvalidSpec:
                continue
            accepted.append((path, value, other))
    assert accepted == []


def takes_any(path: Path) -> bool:
    """Where a number without a point stands for any number."""
    names = {"epochs", "warm_up", "priority", "seconds", "clip_norm"}
    return bool(names & set(map(str, path)))
