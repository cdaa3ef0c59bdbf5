"""Record complete learning curves of the tasks, for searches to be replayed on.

`python -m benchmarks.search_tables FOLDER --minutes 120` trains setting after setting of each task
and writes one line a training; given again it goes on. A quarter of the settings is spread evenly
over the whole box, half lies near good ones, and a quarter of the trainings repeats a setting with
another seed, so that the luck of a training is known. What a line holds depends only on the lines
before it.
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one training

import numpy as np

from benchmarks.search_tasks import LONGEST, TASKS, RealTrainer, Task
from hpsearch.search import sobol
from hpsearch.search.scale import Space, active, in_order, place, snapped, value_at
from hpsearch.spec.space import CategoricalParameter, Parameter, Value, as_number

POINTS = (0.05, 0.1, 0.2, 0.4, 1.0, 2.0, 3.0)
"""Epochs at which a training reports."""
EVEN_FIRST = 16
"""Trainings of a task that are spread evenly before others lie near the good ones."""
MOST = 2000
"""Trainings of a task."""
SLICE = 20.0
"""Seconds of one task before the next has its turn."""
SPREAD = 0.12
"""Of a parameter's scale: how far a setting lies from the good one that it is drawn from."""
ANEW = 0.15
"""How often a parameter is drawn anew from its whole range instead."""


@dataclass(frozen=True)
class Row:
    """A training. Curves by POINTS, as far as it came; unseen: accuracy on images that none saw."""

    params: Mapping[str, Value]
    accuracy: Sequence[float]
    loss: Sequence[float]
    training_loss: Sequence[float]
    first_loss: float
    diverged_at: int | None = None
    diverged_epoch: float | None = None
    unseen: float | None = None

    @property
    def complete(self) -> bool:
        return len(self.accuracy) == len(POINTS)

    @property
    def final(self) -> float:
        """Accuracy at the end; 0 where it diverged."""
        return 0.0 if self.diverged_at is not None or not self.accuracy else self.accuracy[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="where a file for each task lies")
    parser.add_argument("--minutes", type=float, default=120.0, help="default %(default)s")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="*", choices=list(TASKS), default=list(TASKS))
    images = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--images", type=Path, default=images, help="folder of mnist.npz")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    shares = [options.only[each :: options.processes] for each in range(options.processes)]
    jobs = [(names, options.folder, options.images, options.minutes) for names in shares if names]
    with get_context("spawn").Pool(len(jobs)) as pool:
        pool.starmap(_record, jobs)


def _record(names: Sequence[str], folder: Path, images: Path, minutes: float) -> None:
    """Tasks in turns, until the time is over."""
    end = time.monotonic() + 60 * minutes
    unfinished = list(names)
    while unfinished and time.monotonic() < end:
        for name in list(unfinished):
            until = min(end, time.monotonic() + SLICE)
            count = _record_slice(TASKS[name], folder / f"{name}.jsonl", images, until)
            print(f"{name}: {count} trainings", file=sys.stderr, flush=True)
            if count >= MOST:
                unfinished.remove(name)


def _record_slice(task: Task, file: Path, images: Path, until: float) -> int:
    rows = read(file)
    with file.open("a") as out:
        while len(rows) < MOST and time.monotonic() < until:
            row = train(task, images, choose(task, rows), number=len(rows))
            out.write(json.dumps(asdict(row)) + "\n")
            out.flush()
            rows.append(row)
    return len(rows)


def read(file: Path) -> list[Row]:
    """All trainings of a task; a line that was cut off in the middle is dropped from the file."""
    if not file.exists():
        return []
    text = file.read_text()
    whole, _, rest = text.rpartition("\n")
    if rest:
        file.write_text(whole + "\n" if whole else "")
    return [Row(**json.loads(line)) for line in whole.splitlines()]


def train(task: Task, images: Path, params: Mapping[str, Value], number: int) -> Row:
    """One training to its end, or until it diverged or is at chance after an epoch."""
    data = task.images(images)
    trainer = RealTrainer(task.spec(0, 1.0), data.split, seed=1_000_003)
    chance = task.baseline(images)
    curves: list[tuple[float, float, float]] = []
    first = math.nan
    for epoch in POINTS:
        score = trainer(params, number, epoch)
        first = score.first_loss
        if score.diverged_at is not None:
            return _row(params, curves, first, score.diverged_at, score.epoch)
        curves.append((score.accuracy, score.loss, score.training_loss))
        if 1.0 <= epoch < LONGEST and score.accuracy <= chance.bar(task.spec(0, 1.0).objective):
            return _row(params, curves, first)
    unseen = trainer.score_on(data.unseen, params, number, LONGEST)
    return _row(params, curves, first, unseen=unseen)


def _row(
    params: Mapping[str, Value],
    curves: Sequence[tuple[float, float, float]],
    first_loss: float,
    diverged_at: int | None = None,
    diverged_epoch: float | None = None,
    unseen: float | None = None,
) -> Row:
    accuracy, loss, training_loss = (
        [round(each[column], 5) for each in curves] for column in range(3)
    )
    return Row(
        params, accuracy, loss, training_loss, first_loss, diverged_at, diverged_epoch, unseen
    )


def choose(task: Task, rows: Sequence[Row]) -> Mapping[str, Value]:
    """The setting of the next training."""
    space, number = task.spec(0, 1.0).space, len(rows)
    kind = number % 4
    generator = np.random.default_rng([7, number])
    good = sorted((row for row in rows if row.complete), key=lambda row: -row.final)
    if number < EVEN_FIRST or kind == 0 or len(good) < 4:
        return sobol.points(space, 7, number, 1)[0]
    share = 2 if kind == 3 else 4
    parent = good[int(generator.integers(max(4, len(good) // share)) % len(good))]
    if kind == 3:
        return parent.params
    return near(space, parent.params, generator)


def near(
    space: Space, params: Mapping[str, Value], generator: np.random.Generator
) -> Mapping[str, Value]:
    """Another setting, not far from this one."""
    chosen: dict[str, Value] = {}
    for name, parameter in in_order(space):
        if active(parameter, chosen):
            anew = name not in params or generator.random() < ANEW
            chosen[name] = _drawn(parameter, None if anew else params[name], generator)
    return {name: chosen[name] for name in space if name in chosen}


def _drawn(parameter: Parameter, close: Value, generator: np.random.Generator) -> Value:
    """Close to a value of the parameter; anywhere, where that is None."""
    if isinstance(parameter, CategoricalParameter):
        if close is not None:
            return close
        return parameter.choices[int(generator.integers(len(parameter.choices)))]
    if close is None:
        return snapped(parameter, value_at(parameter, float(generator.random())))
    where = place(parameter, as_number(close)) + generator.normal(0, SPREAD)
    return snapped(parameter, value_at(parameter, float(np.clip(where, 0, 1))))


if __name__ == "__main__":
    main()
