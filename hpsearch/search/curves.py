"""Trials as learning curves: what of them is comparable with what."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.history import Outcome, Trial
from hpsearch.spec.space import Value

NOT_THE_PARAMETERS = (Outcome.WORKER_LOST, Outcome.CANCELLED)
"""Outcomes that say nothing about the parameters, and so are kept from every decision."""


@dataclass(frozen=True)
class Curve:
    """A finished trial as the search sees it.

    values: finite validation accuracies by step. diverged_step: where it left the finite numbers,
    or None.
    """

    number: int
    params: Mapping[str, Value]
    values: Mapping[int, float]
    diverged_step: int | None = None


def curve(trial: Trial) -> Curve | None:
    """The curve of a trial whose outcome its parameters caused; None for any other."""
    ending = trial.ending
    if ending is None or ending.outcome in NOT_THE_PARAMETERS:
        return None
    values = {r.step: r.value for r in trial.reports if math.isfinite(r.value)}
    diverged = None
    if ending.outcome is Outcome.DIVERGED:
        diverged = trial.reports[-1].step if trial.reports else 0
    return Curve(trial.number, trial.params, values, diverged)


def curves(trials: Iterable[Trial]) -> list[Curve]:
    return [each for each in map(curve, trials) if each is not None]


def common_step(known: Sequence[Curve], enough: int) -> int | None:
    """The furthest step at which at least `enough` trials have a value.

    Where no step has so many, the one that most trials reached; None where nobody has a value.
    """
    counts: dict[int, int] = {}
    for each in known:
        for step in each.values:
            counts[step] = counts.get(step, 0) + 1
    if not counts:
        return None
    reached = [step for step, count in counts.items() if count >= enough]
    return max(reached) if reached else max(counts, key=lambda step: (counts[step], step))


def ranked(known: Iterable[Curve], step: int) -> list[Curve]:
    """Those with a value at `step`, the best first, ties by number."""
    there = [each for each in known if step in each.values]
    return sorted(there, key=lambda each: (-each.values[step], each.number))
