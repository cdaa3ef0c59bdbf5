"""Compare settings of the search in seconds: replay recorded learning curves as a trainer.

`record FILE` trains LeNet-5 on MNIST at points spread over the box and over its useful part,
once (half an hour on one core). `replay FILE` then runs whole searches on them, each new trial
being one of the three recorded ones nearest to it, and prints the best accuracy so far.
`ranks FILE` says how well the accuracy at each report point ranks the trials that end well.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core

import numpy as np
from scipy.stats import spearmanr  # type: ignore[import-untyped]  # SciPy ships no types

from benchmarks.search_contenders import BATCH, BUDGET, LONGEST, Ledger, NumpyTrainer
from benchmarks.search_quality import MARKS, images
from hpsearch.search import sobol
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import Value

POINTS = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0)  # epochs at which a recorded training reports
CHANCE = 0.13
GOOD_LOW, GOOD_HIGH = (math.log10(0.07), -3.0), (math.log10(0.45), math.log10(0.03))
NEAREST = 3
WIDE = {"low": 1e-3, "high": 1e3, "log": True}
USEFUL = {
    "learning_rate": {"low": 5e-3, "high": 3.2, "log": True},
    "weight_decay": {"low": 1e-3, "high": 0.16, "log": True},
}
SAMPLES = ((256, USEFUL, 1), (128, {"learning_rate": WIDE, "weight_decay": WIDE}, 2))


@dataclass(frozen=True)
class Recorded:
    """A training on record: where it lies in the plane of logarithms, and its scores by epoch."""

    place: tuple[float, float]
    scores: tuple[tuple[float, Score], ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("verb", choices=["record", "replay", "ranks"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=40, help="searches; default %(default)s")
    parser.add_argument("--spec", type=json.loads, default={}, help="JSON: fields of the spec")
    folder = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--mnist", type=Path, default=folder / "mnist.npz")
    options = parser.parse_args()
    if options.verb == "record":
        record(options.file, options.mnist)
    elif options.verb == "replay":
        replay(options.file, options.seeds, options.spec)
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


def replay(file: Path, seeds: int, changes: Mapping[str, object]) -> None:
    """Print the best accuracy after 20, 40 and 80 epochs: median, a tenth below, and worst."""
    curves = [_recorded(json.loads(line)) for line in file.read_text().splitlines()]
    rows = []
    for seed in range(seeds):
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
        Simulation(spec, Replayer(curves, seed, ledger)).run()
        rows.append([*(ledger.after(mark) for mark in MARKS), ledger.wasted()])
    table = np.array(rows)
    for index, mark in enumerate(MARKS):
        low, middle = np.percentile(table[:, index], [10, 50])
        print(f"after {mark}: {middle:.4f}  tenth {low:.4f}  worst {table[:, index].min():.4f}")
    print(f"at chance: {np.median(table[:, -1]):.1%}")


def ranks(file: Path) -> None:
    """Print the rank correlation of accuracies with the last one, where the last are good."""
    curves = [_recorded(json.loads(line)) for line in file.read_text().splitlines()]
    whole = [each for each in curves if len(each.scores) == len(POINTS)]
    good = [each for each in whole if all(map(_between, each.place, GOOD_LOW, GOOD_HIGH))]
    table = np.array([[score.accuracy for _, score in each.scores] for each in good])
    print(f"{len(good)} trainings, learning rate 0.07 to 0.45, weight decay below 0.03")
    for index, epoch in enumerate(POINTS[:-1]):
        correlation = spearmanr(table[:, index], table[:, -1]).statistic
        print(f"after {epoch:g} of {POINTS[-1]:g} epochs: {correlation:.2f}")


def _between(value: float, low: float, high: float) -> bool:
    return low <= value <= high


class Replayer:
    """A trainer that has trained before: each trial is one of the nearest on record."""

    def __init__(self, curves: list[Recorded], seed: int, ledger: Ledger) -> None:
        self._curves, self._seed, self._ledger = curves, seed, ledger
        self._places = np.array([each.place for each in curves])
        self._chosen: dict[int, Recorded] = {}

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        if number not in self._chosen:
            self._chosen[number] = self._near(params, number)
        score = _at(self._chosen[number].scores, epoch)
        reached = epoch if score.diverged_at is None else score.epoch
        self._ledger.note(number, reached, score.accuracy)
        return score

    def _near(self, params: Mapping[str, Value], number: int) -> Recorded:
        distance = ((self._places - np.array(_place(params))) ** 2).sum(axis=1)
        near = np.argsort(distance)[:NEAREST]
        weights = 1 / (distance[near] + 0.01)
        generator = np.random.default_rng([self._seed, number])
        return self._curves[int(generator.choice(near, p=weights / weights.sum()))]


def _at(scores: tuple[tuple[float, Score], ...], epoch: float) -> Score:
    """Accuracy and loss between two recorded reports are on the line between them."""
    last = scores[-1][1]
    if last.diverged_at is not None and epoch >= last.epoch:
        return last
    finite = [(point, score) for point, score in scores if score.diverged_at is None]
    if not finite:
        return last
    points = [point for point, _ in finite]
    return Score(
        accuracy=float(np.interp(epoch, points, [score.accuracy for _, score in finite])),
        loss=float(np.interp(epoch, points, [score.loss for _, score in finite])),
        first_loss=finite[0][1].first_loss,
        training_loss=float(np.interp(epoch, points, [s.training_loss for _, s in finite])),
    )


def _recorded(row: dict[str, Any]) -> Recorded:
    scores = tuple((epoch, Score(**score)) for epoch, score in row["scores"])
    return Recorded(_place(row["params"]), scores)


def _place(params: Mapping[str, Value]) -> tuple[float, float]:
    rate, decay = float(params["learning_rate"]), float(params["weight_decay"])
    return math.log10(rate), math.log10(decay)


if __name__ == "__main__":
    main()
