"""The contenders of the search-quality benchmark, each given the same epochs of training.

Every contender trains the same network on the same images. What differs is who picks the learning
rate and the weight decay, who is cut, and how long a trial trains.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from hpsearch.datasets.values import Split
from hpsearch.search.simulation import Score, Simulation, Trainer
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import Value
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.leg import LegTask, TrainState, run_leg

BUDGET = 80.0  # epochs of training in all
LONGEST = 3.0  # epochs of training of one trial
LOW, HIGH = 1e-3, 1e3
BATCH = 100
CHANCE = 0.15
"""A trial ends at chance where it diverged or is at most this accurate, with ten classes."""


@dataclass
class Ledger:
    """What a search spent, and what it had for it.

    best: (epochs spent so far, best accuracy so far), one row a report. trials: epochs and last
    accuracy of each trial; NaN where it diverged.
    """

    best: list[tuple[float, float]] = field(default_factory=list)
    trials: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def spent(self) -> float:
        return sum(epochs for epochs, _ in self.trials.values())

    def note(self, number: int, epoch: float, accuracy: float) -> None:
        """A trial reports. Its epoch counts all of its training so far."""
        self.trials[number] = (epoch, accuracy)
        before = self.best[-1][1] if self.best else 0.0
        self.best.append((self.spent, max(before, accuracy if accuracy == accuracy else 0.0)))

    def after(self, epochs: float) -> float:
        """The best accuracy when so many epochs were spent."""
        return max((value for spent, value in self.best if spent <= epochs + 1e-9), default=0.0)

    def wasted(self) -> float:
        """Share of the epochs that went into trials which ended at chance."""
        lost = sum(e for e, accuracy in self.trials.values() if not accuracy > CHANCE)
        return lost / self.spent if self.spent else 0.0


class NumpyTrainer:
    """Our network. Each trial goes on from where its last report left it."""

    def __init__(self, data: Split, seed: int, ledger: Ledger, whole_epochs: bool = False) -> None:
        self._data, self._seed, self._ledger = data, seed, ledger
        self._whole_epochs = whole_epochs
        self._states: dict[int, TrainState | None] = {}
        self._per_epoch = steps_per_epoch(len(data.training), BATCH)

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        task = LegTask(
            network=NetworkSettings(architecture="lenet5"),
            training=TrainingSettings.model_validate({**params, "batch_size": BATCH}),
            job_seed=self._seed,
            trial=number,
            stop_step=max(1, round(epoch * self._per_epoch)),
            total_steps=round(LONGEST * self._per_epoch),
        )
        state, report = run_leg(task, self._data, self._states.pop(number, None))
        self._states[number] = state
        reached = report.epoch
        if report.diverged_at is not None and self._whole_epochs:
            reached = float(math.ceil(reached))
        self._ledger.note(number, reached, report.value)
        return Score(
            accuracy=report.value,
            loss=report.loss,
            first_loss=report.first_loss,
            training_loss=report.training_loss,
            diverged_at=report.diverged_at,
            epoch=reached,
        )


Contender = Callable[[Split, int], Ledger]
"""From the data and a seed to what the search spent and had."""


def ours(**settings: object) -> Contender:
    """hpsearch, by default or with these settings of the spec."""

    def run(data: Split, seed: int) -> Ledger:
        ledger = Ledger()
        spec = parse_spec(
            {
                "dataset": "mnist",
                "network": "lenet5",
                "epochs": LONGEST,
                "batch_size": BATCH,
                "budget": {"epochs": BUDGET},
                "seed": seed,
                **settings,
            }
        )
        simulation = Simulation(spec, NumpyTrainer(data, seed, ledger))
        simulation.run()
        return ledger

    return run


MakeTrainer = Callable[[Split, int, Ledger], Trainer]
"""From the data, a seed, and where to note what is spent."""


def careless(data: Split, seed: int, ledger: Ledger) -> Trainer:
    """Our network; an epoch is trained to its end although the loss is NaN."""
    return NumpyTrainer(data, seed, ledger, whole_epochs=True)


def plain_optuna(
    sampler: Callable[[int], BaseSampler], careful: bool, make_trainer: MakeTrainer
) -> Contender:
    """What a user writes: three epochs, a report after each, the median pruner.

    The careful user looks at every loss, stops at the first that is not finite, reports NaN and
    prunes. The other trains the epoch to its end, and returns NaN as it comes.
    """

    def run(data: Split, seed: int) -> Ledger:
        ledger = Ledger()
        search_plainly(sampler(seed), careful, make_trainer(data, seed, ledger), ledger)
        return ledger

    return run


def search_plainly(sampler: BaseSampler, careful: bool, trainer: Trainer, ledger: Ledger) -> None:
    """Run trials until the budget is spent; the trainer notes in the ledger what it spends."""
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=MedianPruner())

    def objective(trial: optuna.Trial) -> float:
        params = {
            "learning_rate": trial.suggest_float("learning_rate", LOW, HIGH, log=True),
            "weight_decay": trial.suggest_float("weight_decay", LOW, HIGH, log=True),
        }
        accuracy = math.nan
        for epoch in range(1, int(LONGEST) + 1):
            accuracy = trainer(params, trial.number, epoch).accuracy
            if math.isnan(accuracy) and not careful:
                return accuracy
            trial.report(accuracy, epoch)
            if math.isnan(accuracy) or trial.should_prune():
                raise optuna.TrialPruned
        return accuracy

    while ledger.spent < BUDGET:
        study.optimize(objective, n_trials=1)


def tpe(seed: int) -> BaseSampler:
    """Optuna's default."""
    return TPESampler(seed=seed)


def at_random(seed: int) -> BaseSampler:
    """Optuna's random search."""
    return RandomSampler(seed=seed)


DEFAULT = "hpsearch"

CONTENDERS: Mapping[str, Contender] = {
    DEFAULT: ours(),
    "hpsearch, random": ours(sampler="random"),
    "hpsearch, random, one round": ours(sampler="random", rounds={"count": 1}),
    "Optuna TPE, careful": plain_optuna(tpe, True, NumpyTrainer),
    "Optuna TPE, NaN as it comes": plain_optuna(tpe, False, careless),
    "Optuna random, careful": plain_optuna(at_random, True, NumpyTrainer),
    "Optuna random, NaN as it comes": plain_optuna(at_random, False, careless),
}


def median_interval(values: list[float], seed: int = 0) -> tuple[float, float]:
    """A 95 % bootstrap interval of the median."""
    draws = np.random.default_rng(seed).choice(values, size=(10_000, len(values)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(low), float(high)
