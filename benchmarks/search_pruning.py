"""What pruning costs: how often each pruner cuts a trial that would have ended well.

Searches on recorded trainings (`search_tables`) with a control group: a third of the trials train
on where they would be cut. In error is a cut of a trial that then ends above the median of the
trials of its round that the pruner let through. `python -m benchmarks.search_pruning FOLDER`.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one search

from scipy.stats import binomtest

from benchmarks.search_contenders import MARKS
from benchmarks.search_quality import surrogate_of
from benchmarks.search_surrogate import TableTrainer
from benchmarks.search_tasks import TASKS
from hpsearch.history import History
from hpsearch.jobs import PruningErrors
from hpsearch.search.control import Completed, pruning_errors
from hpsearch.search.simulation import Simulation

CONTROL = 0.33
PRUNERS: Mapping[str, Mapping[str, object]] = {
    "percentile": {"name": "percentile"},
    "median": {"name": "median"},
    "successive_halving": {"name": "successive_halving"},
    "hyperband": {"name": "hyperband"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", type=Path, help="folder of recorded trainings")
    parser.add_argument("--seeds", type=int, default=40, help="of each task; default %(default)s")
    parser.add_argument("--tasks", nargs="*", choices=list(TASKS), default=list(TASKS))
    images = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--images", type=Path, default=images, help="folder of mnist.npz")
    options = parser.parse_args()
    jobs = [
        (task, pruner, seed, options.tables, options.images)
        for task in options.tasks
        for pruner in PRUNERS
        for seed in range(options.seeds)
    ]
    with get_context("spawn").Pool() as pool:
        found = pool.map(_searched, jobs, chunksize=options.seeds)
    print("wrongly cut (95 % interval) of all cut; better than every trial let through")
    for pruner in PRUNERS:
        own = [(job[0], each) for job, each in zip(jobs, found, strict=True) if job[1] == pruner]
        print(f"{pruner:20}{_words([each for _, each in own])}")
        for task in options.tasks:
            print(f"    {task:16}{_words([each for name, each in own if name == task])}")


def _searched(job: tuple[str, str, int, Path, Path]) -> PruningErrors:
    task, pruner, seed, tables, images = job
    spec = TASKS[task].spec(seed, MARKS[-1], pruner={**PRUNERS[pruner], "control": CONTROL})
    search = Simulation(
        spec,
        TableTrainer(surrogate_of(task, tables, images), seed),
        history=History(baseline=TASKS[task].baseline(images)),
    )
    search.run()
    return pruning_errors(
        Completed(trial.round, spec.objective.upward(trial.value), trial.ending.bar is not None)
        for trial in search.history.trials
        if trial.value is not None and trial.ending is not None
    )


def _words(found: Sequence[PruningErrors]) -> str:
    spared, errors, best = (
        sum(getattr(each, name) for each in found) for name in ("spared", "in_error", "above_best")
    )
    low, high = binomtest(errors, max(spared, 1)).proportion_ci(method="wilson")
    share = errors / max(spared, 1)
    return f"{share:6.1%} ({low:.1%} to {high:.1%}) of {spared}; {best / max(spared, 1):.1%}"


if __name__ == "__main__":
    main()
