"""Compare settings of the search in seconds: replay recorded learning curves as a trainer.

`record FILE` trains LeNet-5 on MNIST at points spread over the box and over its useful part,
once (a quarter of an hour on one core). `replay FILE` then runs whole searches on them, ours and
plain Optuna's (see `search_surface.py`), and prints the best accuracy so far.
`ranks FILE` says how well the accuracy at each report point ranks the trials that end well.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core

import numpy as np
from scipy.stats import spearmanr

from benchmarks.search_contenders import (
    BATCH,
    BUDGET,
    LONGEST,
    Ledger,
    NumpyTrainer,
    search_plainly,
    tpe,
)
from benchmarks.search_quality import MARKS, images
from benchmarks.search_surface import POINTS, Array, Recorded, Replayer, Surface, recorded
from hpsearch.search import sobol
from hpsearch.search.simulation import Simulation
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import Value

CHANCE = 0.13
GOOD_LOW, GOOD_HIGH = (math.log10(0.07), -3.0), (math.log10(0.45), math.log10(0.03))
WIDE = {"low": 1e-3, "high": 1e3, "log": True}
USEFUL = {
    "learning_rate": {"low": 5e-3, "high": 3.2, "log": True},
    "weight_decay": {"low": 1e-3, "high": 0.16, "log": True},
}
SAMPLES = ((256, USEFUL, 1), (128, {"learning_rate": WIDE, "weight_decay": WIDE}, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("verb", choices=["record", "replay", "ranks"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=40, help="searches; default %(default)s")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--spec", type=json.loads, default={}, help="JSON: fields of the spec")
    folder = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--mnist", type=Path, default=folder / "mnist.npz")
    options = parser.parse_args()
    if options.verb == "record":
        record(options.file, options.mnist)
    elif options.verb == "replay":
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        replay(options.file, seeds, options.spec)
    else:
        ranks(options.file)


def record(file: Path, mnist: Path) -> None:
    """Train at every point, stopping where it diverged or is at chance after an epoch."""
    with file.open("w") as out:
        for count, space, seed in SAMPLES:
            trainer = NumpyTrainer(images(mnist), seed, Ledger())
            ranges = parse_spec({"dataset": "mnist", "space": space}).space
            for number, params in enumerate(sobol.points(ranges, seed, 0, count)):
                scores = list(_train(trainer, params, number))
                out.write(json.dumps({"params": params, "scores": scores}) + "\n")
                out.flush()
                print(f"{number + 1}/{count}", file=sys.stderr, flush=True)


def _train(
    trainer: NumpyTrainer, params: Mapping[str, Value], number: int
) -> Iterator[tuple[float, dict[str, Any]]]:
    for epoch in POINTS:
        score = trainer(params, number, epoch)
        yield epoch, vars(score)
        if score.diverged_at is not None or (epoch >= 1 and score.accuracy < CHANCE):
            return


def replay(file: Path, seeds: range, changes: Mapping[str, object]) -> None:
    """Print the best accuracy so far of our search, with changes of its spec, and of Optuna's."""
    surface = Surface(_read(file))
    ours = [_ours(surface, seed, changes) for seed in seeds]
    optunas = [_optunas(surface, seed) for seed in seeds]
    for name, ledgers in (("hpsearch", ours), ("Optuna TPE, careful", optunas)):
        print(f"{name}: at chance {np.median([ledger.wasted() for ledger in ledgers]):.1%}")
        for mark in MARKS:
            values = np.array([ledger.after(mark) for ledger in ledgers])
            low, middle = np.percentile(values, [10, 50])
            print(
                f"  after {mark}: mean {values.mean():.4f} +- {_error(values):.4f}  "
                f"median {middle:.4f}  tenth {low:.4f}  worst {values.min():.4f}"
            )


def _error(values: Array) -> float:
    """Standard error of the mean."""
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _ours(surface: Surface, seed: int, changes: Mapping[str, object]) -> Ledger:
    ledger = Ledger()
    spec = parse_spec(
        {
            "dataset": "mnist",
            "epochs": LONGEST,
            "batch_size": BATCH,
            "budget": {"epochs": BUDGET},
            "seed": seed,
            **changes,
        }
    )
    Simulation(spec, Replayer(surface, seed, ledger)).run()
    return ledger


def _optunas(surface: Surface, seed: int) -> Ledger:
    ledger = Ledger()
    search_plainly(tpe(seed), True, Replayer(surface, seed, ledger), ledger)
    return ledger


def ranks(file: Path) -> None:
    """Print the rank correlation of accuracies with the last one, where the last are good."""
    whole = [each for each in _read(file) if each.whole]
    good = [each for each in whole if all(map(_between, each.place, GOOD_LOW, GOOD_HIGH))]
    table = np.array([[score.accuracy for _, score in each.scores] for each in good])
    print(f"{len(good)} trainings, learning rate 0.07 to 0.45, weight decay below 0.03")
    for index, epoch in enumerate(POINTS[:-1]):
        correlation = spearmanr(table[:, index], table[:, -1]).statistic
        print(f"after {epoch:g} of {POINTS[-1]:g} epochs: {correlation:.2f}")


def _between(value: float, low: float, high: float) -> bool:
    return low <= value <= high


def _read(file: Path) -> list[Recorded]:
    return [recorded(json.loads(line)) for line in file.read_text().splitlines()]


if __name__ == "__main__":
    main()
