"""How often the pruner cuts a trial that would have done well: the control group.

A share of the trials, drawn from the seed, trains on where it would be cut. Those that end among
the better half of what the pruner let through would have been cut in error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from hpsearch.jobs import PruningErrors
from hpsearch.search.intervals import accuracy_interval
from hpsearch.spec.search import SearchSpec

_CONTROL = 0x636F6E  # keeps these draws apart from all others of the same seed


def takes(spec: SearchSpec, number: int) -> bool:
    """Whether the trial of this number belongs to the control group."""
    share = spec.pruner.control
    return share > 0 and np.random.default_rng([spec.seed, _CONTROL, number]).random() < share


@dataclass(frozen=True)
class Completed:
    """A trial that trained to the end of its round. value: more is better."""

    round: int
    value: float
    spared: bool
    """Whether it would have been cut, but for being in the control group."""


def pruning_errors(completed: Iterable[Completed]) -> PruningErrors:
    """Count over all rounds; a spared trial is compared with its own round only."""
    rounds: dict[int, list[Completed]] = {}
    for each in completed:
        rounds.setdefault(each.round, []).append(each)
    spared = in_error = above_best = 0
    for members in rounds.values():
        through = [each.value for each in members if not each.spared]
        saved = [each.value for each in members if each.spared] if through else []
        spared += len(saved)
        in_error += _above(saved, median(through) if through else 0.0)
        above_best += _above(saved, max(through, default=0.0))
    if not spared:
        return PruningErrors(0, 0, 0)
    interval = accuracy_interval(in_error / spared, spared, 0.0, np.inf)
    return PruningErrors(spared, in_error, above_best, interval.low, interval.high)


def _above(values: Sequence[float], bar: float) -> int:
    return sum(value > bar for value in values)
