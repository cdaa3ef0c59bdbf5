"""What a pinned process computes, as hashes. `python -m tests.numerics.portable_bits` prints them.

Run as a command of its own, because kernels are pinned before NumPy is loaded. With `--write` the
golden file is written anew: after a change that is meant to change bits, and never otherwise.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import threadpoolctl

from hpsearch.baseline import Baseline
from hpsearch.datasets.digits import digits
from hpsearch.datasets.split import split_for
from hpsearch.datasets.stored import to_dataset
from hpsearch.datasets.values import Dataset
from hpsearch.environment import not_portable
from hpsearch.history import History
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import Value
from hpsearch.spec.training import OptimizerName
from hpsearch.training.leg import TrainState, run_leg
from hpsearch.training.tasks import leg_task

GOLDEN = Path(__file__).with_suffix(".json")
VERSIONS = ("numpy", "optuna")
SETTINGS = {"learning_rate": 0.01, "weight_decay": 1e-4}
NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"architecture": "mlp"},
    "simple_convnet": {"architecture": "simple_convnet"},
    "lenet5": {"architecture": "lenet5"},
    "alexnet_small": {"architecture": "alexnet_small", "filters": 8},
    "deep_convnet": {"architecture": "deep_convnet", "filters": 8},
    "batch normalisation": {"architecture": "lenet5", "batch_norm": True},
    "tanh": {"architecture": "lenet5", "activation": "tanh"},
    "sigmoid": {"architecture": "mlp", "activation": "sigmoid"},
    "dropout": {"architecture": "lenet5", "dropout": 0.3},
}


RULES: Mapping[str, Any] = {"rules": 1, "pruner": "median", "rounds": {"keep": 0.2}}
"""The defaults when the searches' hashes were recorded, on several kinds of processors."""


def hashes() -> dict[str, str]:
    """By what was trained."""
    images = _synthetic()
    found = {name: _training(images, network, "momentum") for name, network in NETWORKS.items()}
    for optimizer in get_args(OptimizerName):
        found[optimizer] = _training(images, NETWORKS["lenet5"], optimizer)
    found["a search on digits"] = _search(digits(), {"architecture": "lenet5"})
    found["a search on synthetic images"] = _search(images, {"architecture": "mlp"})
    return found


def _synthetic() -> Dataset:
    """300 images of ten classes, brighter from class to class."""
    random = np.random.Generator(np.random.PCG64(7))
    labels = np.arange(300) % 10
    images = random.integers(0, 120, (300, 28, 28)) + labels[:, None, None] * 12
    pixels = images.astype(np.uint8)
    arrays: dict[str, Any] = {
        "x_train": pixels,
        "y_train": labels,
        "x_test": pixels[:50],
        "y_test": labels[:50],
    }
    return to_dataset("synthetic", arrays)


def _training(dataset: Dataset, network: Mapping[str, Any], optimizer: str) -> str:
    given = {"dataset": dataset.name, "network": network, "optimizer": optimizer, **SETTINGS}
    spec = parse_spec({**given, "space": {"batch_size": {"type": "int", "low": 20, "high": 40}}})
    data = split_for(spec, dataset)
    state, report = run_leg(
        leg_task(spec, {"batch_size": 32}, 0, 1.0, len(data.training)), data, None
    )
    assert state is not None
    return _hash(
        [
            state.parameters.tobytes(),
            state.running.tobytes(),
            *_hexadecimal(report.value, report.loss),
        ]
    )


def _search(dataset: Dataset, network: Mapping[str, Any]) -> str:
    given: dict[str, Any] = {"dataset": dataset.name, "network": network, "epochs": 1}
    given |= {"budget": {"trials": 12}}
    given |= {"cohort": 4, "sampler": {"name": "tpe", "startup_trials": 4}}
    spec = parse_spec({**given, **RULES})
    data = split_for(spec, dataset)
    states: dict[int, TrainState | None] = {}

    def train(params: Mapping[str, Value], number: int, epoch: float) -> Score:
        task = leg_task(spec, params, number, epoch, len(data.training))
        states[number], leg = run_leg(task, data, states.get(number))
        return Score(
            *(leg.value, leg.loss, leg.first_loss, leg.training_loss, leg.diverged_at, leg.epoch)
        )

    baseline = Baseline.of(data.validation.labels, data.classes)
    simulation = Simulation(spec, train, history=History(baseline=baseline))
    simulation.run()
    trials = simulation.history.trials
    return _hash(line for trial in trials for line in _lines(trial.params, trial.reports))


def _lines(params: Mapping[str, Value], reports: Any) -> Iterator[bytes]:
    for _, value in sorted(params.items()):
        yield value.hex().encode() if isinstance(value, float) else repr(value).encode()
    for report in reports:
        yield from _hexadecimal(report.value, report.loss)


def _hexadecimal(*values: float) -> Iterator[bytes]:
    return (value.hex().encode() for value in values)


def _hash(parts: Any) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def main() -> None:
    with threadpoolctl.threadpool_limits(1):
        result = {
            "not portable": not_portable(),
            "versions": {name: version(name) for name in VERSIONS},
            "hashes": hashes(),
        }
    text = json.dumps(result, indent=1) + "\n"
    if "--write" in sys.argv:
        assert result["not portable"] is None, result["not portable"]
        GOLDEN.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
