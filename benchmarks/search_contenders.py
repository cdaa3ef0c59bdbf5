"""The contenders of the search benchmark: ours, and its rivals.

Each has the same trainer, images and budget of epochs. At each mark a contender is judged by the
setting it would recommend then: for a rival, the one with the best value reported so far, which is
what its users would take (SMAC3 says itself which it takes); for ours, the one it calls the likely
best.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from benchmarks.search_tasks import LONGEST, Task
from hpsearch.baseline import Baseline
from hpsearch.history import History
from hpsearch.search.likely import likely_best
from hpsearch.search.simulation import Score, Simulation, Trainer
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.trial import Trial

MARKS = (20, 40, 80, 160)
"""Epochs spent, after which a search is judged."""
DEFAULT = "hpsearch"
Params = Mapping[str, Value]
Answer = Callable[[], Params | None]


@dataclass
class Ledger:
    """What a search spent, and what it recommended at each of MARKS.

    trials: epochs and last accuracy by number; NaN where it diverged.
    """

    trainer: Trainer
    trials: dict[int, tuple[float, float]] = field(default_factory=dict)
    params: dict[int, Params] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)
    spent: float = 0.0

    def __call__(self, params: Params, number: int, epoch: float) -> Score:
        score = self.trainer(params, number, epoch)
        before, _ = self.trials.get(number, (0.0, 0.0))
        self.spent += score.epoch - before
        self.trials[number] = (score.epoch, score.accuracy)
        self.params[number] = params
        return score

    def look(self, answer: Answer) -> None:
        """Keep the current recommendation for every mark that has not been passed."""
        for mark in MARKS:
            if self.spent <= mark + 1e-9:
                self.answers[mark] = answer

    def recommended(self, mark: int) -> Params | None:
        """The setting recommended at a mark; None if there was none yet."""
        return self.answers[mark]() if mark in self.answers else None

    def luckiest(self) -> Params | None:
        """The setting whose last accuracy is the highest."""
        finite = {number: value for number, (_, value) in self.trials.items() if value == value}
        return self.params[max(finite, key=lambda number: finite[number])] if finite else None

    def wasted(self, chance: float) -> float:
        """Share of the epochs that went into trials which ended no better than a guess."""
        lost = sum(epochs for epochs, value in self.trials.values() if not value > chance)
        return lost / self.spent if self.spent else 0.0


Search = Callable[[Task, Baseline, Ledger, int], None]
"""Searches a task with a seed until MARKS[-1] epochs are spent."""


@dataclass(frozen=True)
class Contender:
    """there: whether what it needs is installed."""

    run: Search
    there: bool = True


def ours(**settings: object) -> Contender:
    """hpsearch, by default or with these settings of the spec."""

    def run(task: Task, baseline: Baseline, ledger: Ledger, seed: int) -> None:
        spec = task.spec(seed, MARKS[-1], **settings)
        search = Simulation(spec, ledger, history=History(baseline=baseline))
        while search.run(steps=1) is None:
            ledger.look(partial(_recommended, spec, search.history.trials))

    return Contender(run)


def _recommended(spec: SearchSpec, trials: Sequence[Trial]) -> Params | None:
    found = likely_best(spec.space, trials, spec.objective)
    return None if found is None else trials[found.trial].params


def optunas(
    sampler: Callable[[int], BaseSampler],
    pruner: Callable[[], BasePruner],
    there: bool = True,
    sees_pruned: bool = True,
) -> Contender:
    """What a careful user of Optuna writes: a report after each epoch, diverged trials pruned.

    sees_pruned: whether the sampler learns from them; otherwise a diverged trial ends with 0.
    """

    def run(task: Task, _: Baseline, ledger: Ledger, seed: int) -> None:
        study = optuna.create_study(direction="maximize", sampler=sampler(seed), pruner=pruner())
        while ledger.spent < MARKS[-1]:
            study.optimize(_objective(task, ledger, sees_pruned), n_trials=1)
            ledger.look(partial(known, ledger.luckiest()))

    return Contender(run, there)


def known(params: Params | None) -> Params | None:
    """What is recommended, where that is known already."""
    return params


def _objective(task: Task, ledger: Ledger, sees_pruned: bool) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        params = dict(_suggested(task.space, trial))
        accuracy = math.nan
        for epoch in range(1, int(LONGEST) + 1):
            accuracy = ledger(params, trial.number, epoch).accuracy
            if math.isnan(accuracy) and not sees_pruned:
                return 0.0
            trial.report(accuracy, epoch)
            if math.isnan(accuracy) or trial.should_prune():
                raise optuna.TrialPruned
            ledger.look(partial(known, ledger.luckiest()))
        return accuracy

    return objective


def _suggested(space: Mapping[str, Any], trial: optuna.Trial) -> Iterator[tuple[str, Value]]:
    chosen: dict[str, Value] = {}
    for name, parameter in space.items():
        if any(chosen[other] not in values for other, values in parameter.get("when", {}).items()):
            continue
        log = parameter.get("log", False)
        if "choices" in parameter:
            chosen[name] = trial.suggest_categorical(name, parameter["choices"])
        elif parameter.get("type") == "int":
            chosen[name] = trial.suggest_int(name, parameter["low"], parameter["high"], log=log)
        else:
            chosen[name] = trial.suggest_float(name, parameter["low"], parameter["high"], log=log)
        yield name, chosen[name]


def tpe(seed: int) -> BaseSampler:
    """Optuna's default."""
    return TPESampler(seed=seed)


def joint_tpe(seed: int) -> BaseSampler:
    """TPE that samples parameters together, branch by branch."""
    return TPESampler(seed=seed, multivariate=True, group=True)


def at_random(seed: int) -> BaseSampler:
    """Optuna's random search."""
    return RandomSampler(seed=seed)


def gaussian_process(seed: int) -> BaseSampler:
    """Optuna's Gaussian process; needs PyTorch."""
    return GPSampler(seed=seed)


def hyperband() -> BasePruner:
    """From one epoch to three."""
    return HyperbandPruner(min_resource=1, max_resource=int(LONGEST))


def elsewhere(name: str, package: str) -> Contender:
    """One of `search_rivals`, whose packages need not be installed."""

    def run(task: Task, baseline: Baseline, ledger: Ledger, seed: int) -> None:
        search: Search = getattr(import_module("benchmarks.search_rivals"), name)
        search(task, baseline, ledger, seed)

    return Contender(run, find_spec(package) is not None)


CONTENDERS: Mapping[str, Contender] = {
    DEFAULT: ours(),
    "Optuna TPE": optunas(tpe, MedianPruner),
    "Optuna TPE, multivariate": optunas(joint_tpe, MedianPruner),
    "Optuna TPE, Hyperband": optunas(tpe, hyperband),
    "random, median pruner": optunas(at_random, MedianPruner),
    "random": optunas(at_random, NopPruner),
    "SMAC3": elsewhere("smac", "smac"),
    "Syne Tune BOHB": elsewhere("bohb", "syne_tune"),
    "Optuna GP": optunas(
        gaussian_process, MedianPruner, find_spec("torch") is not None, sees_pruned=False
    ),
}
