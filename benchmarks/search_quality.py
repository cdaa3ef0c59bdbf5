"""Does a search recommend a good setting, for the same epochs of training? `make bench-search`

Each contender searches each task (`search_tasks`) until 160 epochs of training are spent, and is
asked after 20, 40, 80 and 160 which setting it recommends. The setting is judged by the truth: what
it is worth on average when it is trained again, as regret, 0 for the best setting known and 1 for
a guess.

With `--tables FOLDER` trainings are made up from recorded ones (`search_tables`,
`search_surrogate`), and 200 seeds of a task take minutes. Without, every training is real: a
setting is then trained ten times more on fresh seeds, and scored on images that no search has seen;
give `--keep`, and a run that was stopped goes on.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one search

import numpy as np
import optuna

from benchmarks.search_contenders import CONTENDERS, MARKS, Ledger
from benchmarks.search_report import print_report
from benchmarks.search_surrogate import Surrogate, TableTrainer
from benchmarks.search_tables import read
from benchmarks.search_tasks import LONGEST, TASKS, RealTrainer, Task
from hpsearch.baseline import Baseline
from hpsearch.datasets.values import Part, Split
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value

SMALL = Path(__file__).with_name("small_table")
"""The first 300 trainings of one task, for tests and a quick look."""
REPEATS = 10
"""Trainings of a recommended setting that tell what it is worth."""
TRUTH_SEED = 2_000_003
"""No search has this one or one after it."""


@dataclass(frozen=True)
class Run:
    """A search. truth: of the setting recommended at each mark; wasted: epochs at chance."""

    task: str
    contender: str
    seed: int
    truth: Mapping[int, float]
    wasted: float
    trials: int
    seconds: float


@dataclass(frozen=True)
class Job:
    """A search to run. tables, keep: folders."""

    task: str
    contender: str
    seed: int
    images: Path
    tables: Path | None
    keep: Path | None

    @property
    def file(self) -> Path | None:
        """Where a real search is kept once it is done."""
        name = f"{self.task}-{self.contender}-{self.seed}.json".replace(" ", "_").replace(",", "")
        return None if self.keep is None else self.keep / name


def main() -> int:
    options = _options()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    jobs = [
        Job(task, contender, seed, options.images, options.tables, options.keep)
        for task in options.tasks
        for seed in seeds
        for contender in options.only
    ]
    runs = list(_all(jobs, options.processes))
    best = {name: _best(name, runs, options) for name in options.tasks}
    guesses = {name: _baseline(name, options.images)[1] for name in options.tasks}
    if options.json:
        document = {"best": best, "guesses": guesses, "runs": [asdict(run) for run in runs]}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return print_report(runs, best, guesses, options.picture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", type=Path, help="folder of recorded trainings; default: train")
    parser.add_argument(
        "--quick", action="store_true", help="one task on a small table, four seeds"
    )
    parser.add_argument("--seeds", type=int, default=8, help="how many; default %(default)s")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--tasks", nargs="*", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--only", nargs="*", choices=list(CONTENDERS), metavar="CONTENDER")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder of finished real searches, to go on from")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--picture", type=Path, help="draw regret against epochs spent")
    images = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--images", type=Path, default=images, help="folder of mnist.npz")
    options = parser.parse_args()
    if options.quick:
        options.tables, options.tasks, options.seeds = SMALL, ["digits-two"], 4
    elif not (options.images / "mnist.npz").exists():
        parser.error(f"{options.images} has no mnist.npz: name the folder with --images")
    options.only = options.only or [name for name, each in CONTENDERS.items() if each.there]
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def _all(jobs: Sequence[Job], processes: int) -> Iterator[Run]:
    with get_context("spawn").Pool(processes) as pool:
        for count, run in enumerate(pool.imap_unordered(_run, jobs), start=1):
            truth = "  ".join(f"{value:.4f}" for value in run.truth.values())
            words = f"{run.task:15} {run.contender:26} seed {run.seed:4}  {truth}"
            print(f"{count:4}/{len(jobs)}  {words}", file=sys.stderr, flush=True)
            yield run


def _run(job: Job) -> Run:
    if job.file is not None and job.file.exists():
        found = json.loads(job.file.read_text())
        return Run(**{**found, "truth": {int(mark): v for mark, v in found["truth"].items()}})
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    task, began = TASKS[job.task], time.perf_counter()
    baseline, guess = _baseline(job.task, job.images)
    if job.tables is None:
        trainer = RealTrainer(task.spec(0, 1.0), task.images(job.images).split, job.seed)
        ledger = Ledger(trainer)
    else:
        ledger = Ledger(TableTrainer(surrogate_of(job.task, job.tables, job.images), job.seed))
    CONTENDERS[job.contender].run(task, baseline, ledger, job.seed)
    truths = {
        mark: guess if params is None else _truth(job, params)
        for mark, params in ((mark, ledger.recommended(mark)) for mark in MARKS)
    }
    run = Run(
        task=job.task,
        contender=job.contender,
        seed=job.seed,
        truth=truths,
        wasted=ledger.wasted(baseline.bar(Objective.ACCURACY)),
        trials=len(ledger.trials),
        seconds=time.perf_counter() - began,
    )
    if job.file is not None:
        job.file.write_text(json.dumps(asdict(run)))
    return run


def _truth(job: Job, params: Mapping[str, Value]) -> float:
    """What a setting is worth, on average."""
    if job.tables is not None:
        return surrogate_of(job.task, job.tables, job.images).truth(params)
    task = TASKS[job.task]
    data, guess = task.images(job.images), _baseline(job.task, job.images)[1]
    found = [_again(task, data.split, data.unseen, params, each) for each in range(REPEATS)]
    return float(np.mean([guess if value != value else value for value in found]))


def _again(task: Task, data: Split, unseen: Part, params: Mapping[str, Value], each: int) -> float:
    """Accuracy on unseen images of a training on a fresh seed; NaN if it diverges."""
    trainer = RealTrainer(task.spec(0, 1.0), data, TRUTH_SEED + each)
    diverged = trainer(params, 0, LONGEST).diverged_at is not None
    return float("nan") if diverged else trainer.score_on(unseen, params, 0, LONGEST)


@lru_cache(maxsize=1)
def surrogate_of(task: str, tables: Path, images: Path) -> Surrogate:
    """Fitted once in a process."""
    return Surrogate(TASKS[task], read(tables / f"{task}.jsonl"), _baseline(task, images)[0])


@lru_cache(maxsize=len(TASKS))
def _baseline(task: str, images: Path) -> tuple[Baseline, float]:
    """What guessing scores, and its accuracy."""
    found = TASKS[task].baseline(images)
    return found, found.constant(Objective.ACCURACY)


def _best(task: str, runs: Sequence[Run], options: argparse.Namespace) -> float:
    """The truth of the best setting known: of the surrogate, or of all that were recommended."""
    if options.tables is not None:
        return surrogate_of(task, options.tables, options.images).best_truth
    return max(value for run in runs if run.task == task for value in run.truth.values())


if __name__ == "__main__":
    sys.exit(main())
