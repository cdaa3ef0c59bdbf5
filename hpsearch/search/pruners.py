"""The pruners, as pure functions of learning curves.

Each decides what Optuna's pruner of that name decides in a study whose other trials are the given
rivals; the tests compare the two. Ours also say the bar that was missed. All values are on a scale
where more is better: a loss comes negated.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from hpsearch.spec.parts import Pruner
from hpsearch.trial import step_of

WARM_UP = 0.33
"""Of a full training. Ranks of good trials after less than a third of it say little about its end:
the best learning rates start slowly."""

Values = Mapping[int, float]
"""Of one trial, by step; more is better."""


@dataclass(frozen=True)
class Rival:
    """A trial to compare with."""

    number: int
    values: Values


@dataclass(frozen=True)
class Miss:
    """A bar that a trial did not reach: its value, the bar, what it is, with how many compared.

    Value and bar are on the scale of `Values`.
    """

    value: float
    bar: float
    what: str
    compared: int | None = None


@dataclass(frozen=True)
class TrialAtReport:
    """One trial at a report point, `step`, and those it is compared with.

    values: its own, this one included. last: the step at which a full training ends. first: the
    first step of the ladder.
    """

    number: int
    step: int
    values: Values
    rivals: Sequence[Rival]
    first: int
    last: int

    def there(self) -> list[float]:
        """What the rivals had at this step."""
        return [each.values[self.step] for each in self.rivals if self.step in each.values]


def missed(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    """The bar that the trial misses here; None where it may go on."""
    rule = RULES[pruner.name]
    if pruner.patience and _improving(trial, pruner.patience):
        return None
    return rule(pruner, trial)


def _never(_pruner: Pruner, _trial: TrialAtReport) -> Miss | None:
    return None


def _median(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    return _below_percentile(pruner, trial, 50.0, "the median")


def _percentile(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    what = f"the best {pruner.percentile:g} per cent's"
    return _below_percentile(pruner, trial, 100.0 - pruner.percentile, what)


def _below_percentile(
    pruner: Pruner, trial: TrialAtReport, percentile: float, what: str
) -> Miss | None:
    there = trial.there()
    if not there or len(there) < pruner.startup_trials:
        return None
    if trial.step < _warm_up(pruner, trial.last * WARM_UP):
        return None
    best = max(trial.values.values())
    bar = float(np.percentile(there, percentile))
    return Miss(best, bar, what, len(there)) if best < bar else None


def _warm_up(pruner: Pruner, otherwise: float) -> float:
    """In steps."""
    return otherwise if pruner.warm_up is None else step_of(pruner.warm_up)


def _threshold(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    """`lower` for what is maximized, `upper` for a loss; the spec has the one that applies."""
    if trial.step < _warm_up(pruner, 0):
        return None
    bar = pruner.lower if pruner.lower is not None else -(pruner.upper or 0.0)
    value = trial.values[trial.step]
    return Miss(value, bar, "the threshold") if value < bar else None


def _successive_halving(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    return _halving(pruner, trial, trial.rivals, 0)


def _hyperband(pruner: Pruner, trial: TrialAtReport) -> Miss | None:
    """Successive halving among the trials of one bracket; each starts to cut at another step."""
    budgets = _bracket_budgets(pruner.reduction_factor, trial)
    own = bracket(trial.number, budgets)
    rivals = [each for each in trial.rivals if bracket(each.number, budgets) == own]
    return _halving(pruner, trial, rivals, own)


def _halving(
    pruner: Pruner, trial: TrialAtReport, rivals: Sequence[Rival], rate: int
) -> Miss | None:
    """At each rung that this report reaches, the best one in `reduction_factor` goes on.

    Rung k is the first report at or after `first` · reduction_factor^(k + rate) steps.
    """
    value = trial.values[trial.step]
    for rung in _rungs(pruner, trial, rate):
        there = [_at_rung(each.values, rung) for each in rivals]
        competing = sorted([value, *(each for each in there if each is not None)])
        promoted = max(len(competing) // pruner.reduction_factor, 1)
        bar = competing[-promoted]
        if value < bar:
            what = f"the best one in {pruner.reduction_factor}, which starts at"
            return Miss(value, bar, what, len(competing) - 1)
    return None


def _rungs(pruner: Pruner, trial: TrialAtReport, rate: int) -> list[int]:
    """The rungs (in steps) that the trial reaches with this report and had not reached before."""
    before = max((step for step in trial.values if step < trial.step), default=0)
    rungs = []
    rung = trial.first * pruner.reduction_factor**rate
    while rung <= trial.step:
        if rung > before:
            rungs.append(rung)
        rung *= pruner.reduction_factor
    return rungs


def _at_rung(values: Values, rung: int) -> float | None:
    """The value at the first report at or after the rung."""
    reached = [step for step in values if step >= rung]
    return values[min(reached)] if reached else None


def _bracket_budgets(factor: int, trial: TrialAtReport) -> list[int]:
    count = math.floor(math.log(trial.last / trial.first, factor)) + 1
    return [
        math.ceil(count * factor ** (count - 1 - index) / (count - index)) for index in range(count)
    ]


def bracket(number: int, budgets: Sequence[int]) -> int:
    """The Hyperband bracket of a trial, as Optuna draws it in a study named "hpsearch"."""
    place = crc32(f"hpsearch_{number}".encode()) % sum(budgets)
    for index, size in enumerate(budgets):
        place -= size
        if place < 0:
            return index
    raise AssertionError("a place below the sum lies in some bracket")


def _improving(trial: TrialAtReport, patience: int) -> bool:
    """Whether the best of the last reports, `patience` and one, is above all before them."""
    steps = sorted(trial.values)
    if len(steps) <= patience + 1:
        return True
    before = max(trial.values[step] for step in steps[: -patience - 1])
    lately = max(trial.values[step] for step in steps[-patience - 1 :])
    return before <= lately


RULES: Mapping[str, Callable[[Pruner, TrialAtReport], Miss | None]] = {
    "none": _never,
    "median": _median,
    "percentile": _percentile,
    "successive_halving": _successive_halving,
    "hyperband": _hyperband,
    "threshold": _threshold,
}
