"""Which trials to confirm: those of the best values, or those that are likely the best?

Searches on recorded trainings (`search_tables`), 160 epochs each; then the candidates by either
rule are trained again as a certificate does it, and the one with the best mean is judged by the
truth, as regret. `python -m benchmarks.search_confirming FOLDER`.
"""

import argparse
import os
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one search

import numpy as np

from benchmarks.search_contenders import MARKS
from benchmarks.search_quality import surrogate_of
from benchmarks.search_surrogate import TableTrainer
from benchmarks.search_tasks import LONGEST, TASKS
from hpsearch.history import History
from hpsearch.search.certificate import candidates
from hpsearch.search.likely import likely_best
from hpsearch.search.simulation import Simulation

RULES: Mapping[str, int] = {"by value": 2, "by the estimate": 3}
LIKELY = "the likely best, not trained again"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", type=Path, help="folder of recorded trainings")
    parser.add_argument("--seeds", type=int, default=40, help="of each task; default %(default)s")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--tasks", nargs="*", choices=list(TASKS), default=list(TASKS))
    images = Path(os.environ.get("HPSEARCH_TEST_DATA", "data"))
    parser.add_argument("--images", type=Path, default=images, help="folder of mnist.npz")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    jobs = [
        (task, seed, options.tables, options.images) for task in options.tasks for seed in seeds
    ]
    with get_context("spawn").Pool() as pool:
        found = pool.map(regrets, jobs, chunksize=options.seeds)
    print(f"{'mean regret of the winner':26}" + "".join(f"{rule:>36}" for rule in (*RULES, LIKELY)))
    for name in (*options.tasks, "all tasks"):
        own = [each for job, each in zip(jobs, found, strict=True) if name in (job[0], "all tasks")]
        means = (np.mean([each[rule] for each in own]) for rule in (*RULES, LIKELY))
        print(f"{name:26}" + "".join(f"{mean:36.3f}" for mean in means))


def regrets(job: tuple[str, int, Path, Path]) -> Mapping[str, float]:
    """Of the winner by each rule, and of the likely best."""
    task, seed, tables, images = job
    surrogate = surrogate_of(task, tables, images)
    spec = TASKS[task].spec(seed, MARKS[-1], confirm={})
    history = History(baseline=TASKS[task].baseline(images))
    search = Simulation(spec, TableTrainer(surrogate, seed), history=history)
    search.run()
    trials = search.history.trials
    likely = likely_best(spec.space, trials, spec.objective)
    assert likely is not None
    assert spec.confirm is not None
    found = {LIKELY: surrogate.regret(trials[likely.trial].params)}
    for rule, rules in RULES.items():
        again = TableTrainer(surrogate, seed)
        means = {}
        for trial in candidates(spec.model_copy(update={"rules": rules}), trials):
            first = (trial.number + 1) * MARKS[-1]  # numbers that no trial has
            numbers = range(first, first + spec.confirm.repeats)
            scores = [again(trial.params, number, LONGEST).accuracy for number in numbers]
            means[trial.number] = float(np.mean(np.nan_to_num(scores, nan=surrogate.guess)))
        winner = max(means, key=lambda number: means[number])
        found[rule] = surrogate.regret(trials[winner].params)
    return found


if __name__ == "__main__":
    main()
