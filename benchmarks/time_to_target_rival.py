"""One process of Optuna with PyTorch, as a careful user writes it; started by time_to_target.

Says "ready" once everything is imported and loaded, waits for a line, then works on the study until
it is ended from outside. Says "report" for its first report, and "reached" once a report has the
target.
"""

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler

from benchmarks.torch_trainer import TorchTrainer
from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part, Split
from hpsearch.spec.space import Value

LOW, HIGH = 1e-3, 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="One of the rival's processes.")
    parser.add_argument("--mnist", type=Path, required=True)
    parser.add_argument("--study", required=True, help="URL of the study's database")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True, help="of one trial, at most")
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name="rival",
        storage=given.study,
        load_if_exists=True,
        direction="maximize",
        sampler=TPESampler(seed=given.seed, multivariate=True, constant_liar=True),
        pruner=MedianPruner(),
    )
    trainer = TorchTrainer(_images(given.mnist), given.seed)
    _say("ready")
    sys.stdin.readline()
    told = False

    def objective(trial: optuna.Trial) -> float:
        nonlocal told
        params: Mapping[str, Value] = {
            "learning_rate": trial.suggest_float("learning_rate", LOW, HIGH, log=True),
            "weight_decay": trial.suggest_float("weight_decay", LOW, HIGH, log=True),
        }
        accuracy = math.nan
        for epoch in range(1, given.epochs + 1):
            accuracy = trainer(params, trial.number, epoch).accuracy
            if not told:
                told = True
                _say("report")
            if accuracy >= given.target:
                _say("reached")
            trial.report(accuracy, epoch)
            if math.isnan(accuracy) or trial.should_prune():
                raise optuna.TrialPruned
        return accuracy

    study.optimize(objective)


def _images(mnist: Path) -> Split:
    """6000 training and 1500 validation images."""
    with np.load(mnist) as file:
        train, test = (
            Part(file[f"x_{part}"][:, None], file[f"y_{part}"].astype(np.int64))
            for part in ("train", "test")
        )
    whole = Dataset("mnist", train, test, 10)
    return split(whole, train_size=7500, fraction=0.2, stratified=True, seed=0)


def _say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    main()
