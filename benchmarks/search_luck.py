"""Are made-up trainings like real ones? Surrogates of tables against what they do not know.

`python -m benchmarks.search_luck FOLDER` leaves out a fifth of each task's settings at a time, fits
a surrogate to the others, and compares what it says of those left out with what they were: the
accuracy on average, and how much repeated trainings of the same setting scatter. Settings stand in
quarters by what the surrogate says, the best first.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one task

import numpy as np

from benchmarks.search_surrogate import Surrogate
from benchmarks.search_tables import Row, read
from benchmarks.search_tasks import TASKS

FOLDS = 5


@dataclass(frozen=True)
class LeftOut:
    """A repeated setting that a surrogate has not seen: what it says, and what was."""

    said: float
    said_luck: float
    accuracies: Sequence[float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="of recorded trainings")
    parser.add_argument("--tasks", nargs="*", choices=list(TASKS), default=list(TASKS))
    images = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--images", type=Path, default=images, help="folder of mnist.npz")
    options = parser.parse_args()
    print(f"{'task':16}{'settings':>9}  {'accuracy said / real':22}{'luck said / real':18}")
    with get_context("spawn").Pool() as pool:
        jobs = [(task, options.folder, options.images) for task in options.tasks]
        for task, found in zip(options.tasks, pool.starmap(_of_task, jobs), strict=True):
            found.sort(key=lambda each: -each.said)
            for quarter in np.array_split(np.arange(len(found)), 4):
                print(f"{task:16}{compared([found[index] for index in quarter])}")
    return 0


def _of_task(task: str, folder: Path, images: Path) -> list[LeftOut]:
    return list(left_out(task, read(folder / f"{task}.jsonl"), images))


def left_out(task: str, rows: Sequence[Row], images: Path) -> Iterator[LeftOut]:
    """Every setting that was trained to the end more than once, by a surrogate without it."""
    baseline = TASKS[task].baseline(images)
    settings: dict[str, list[Row]] = {}
    for row in rows:
        settings.setdefault(json.dumps(row.params), []).append(row)
    keys = list(settings)
    for fold in range(FOLDS):
        unknown = set(keys[fold::FOLDS])
        seen = [row for key in keys if key not in unknown for row in settings[key]]
        surrogate = Surrogate(TASKS[task], seen, baseline)
        for key in keys[fold::FOLDS]:
            again = [row for row in settings[key] if row.complete]
            if len(again) > 1:
                params = again[0].params
                finals = [row.final for row in again]
                yield LeftOut(surrogate.truth(params), surrogate.luck(params), finals)


def compared(found: Sequence[LeftOut]) -> str:
    """How many, and of accuracy and luck what was said and what was."""
    said = np.mean([each.said for each in found])
    real = np.mean([np.mean(each.accuracies) for each in found])
    luck = np.sqrt(np.mean([each.said_luck**2 for each in found]))
    free = [len(each.accuracies) - 1 for each in found]
    scatter = np.average([np.var(each.accuracies, ddof=1) for each in found], weights=free)
    return f"{len(found):9}  {said:8.3f} / {real:<11.3f}{luck:8.3f} / {np.sqrt(scatter):.3f}"


if __name__ == "__main__":
    sys.exit(main())
