"""Trials as learning curves: what of them is comparable with what."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.baseline import Baseline
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value
from hpsearch.trial import Outcome, Report, Trial

LATEST = 500
"""Decisions look at this many of the latest trials, however long the search."""


@dataclass(frozen=True)
class Curve:
    """A finished trial as the search sees it.

    values: what it reported by step, as far as finite, on a scale where more is better (a loss is
    negated). diverged_step: where it left the finite numbers, or None.
    """

    number: int
    params: Mapping[str, Value]
    values: Mapping[int, float]
    diverged_step: int | None = None


def curve(trial: Trial, objective: Objective, baseline: Baseline | None = None) -> Curve | None:
    """The curve of a trial whose outcome its parameters caused; None for any other.

    baseline: what guessing scores, so that reports which may be a guess's luck rank by their loss.
    """
    ending = trial.ending
    if ending is None or not ending.outcome.caused_by_parameters:
        return None
    values = upward(trial.reports, objective)
    if baseline is not None and objective is not Objective.LOSS:
        for each in trial.reports:
            if each.step in values and not baseline.beaten_by(each.value, objective):
                values[each.step] = by_loss(each.loss)
    diverged = None
    if ending.outcome is Outcome.DIVERGED:
        diverged = trial.reports[-1].step if trial.reports else 0
    return Curve(trial.number, trial.params, values, diverged)


def curves(
    trials: Iterable[Trial], objective: Objective, baseline: Baseline | None = None
) -> list[Curve]:
    found = (curve(trial, objective, baseline) for trial in trials)
    return [each for each in found if each is not None]


def by_loss(loss: float) -> float:
    """A value below all that are past chance, from -1 to 0: the smaller the loss, the higher."""
    return -loss / (1 + loss) if math.isfinite(loss) else -1.0


def loss_of(value: float) -> float:
    """The loss that such a value stands for."""
    return -value / (1 + value) if value > -1 else math.inf


def upward(reports: Iterable[Report], objective: Objective) -> dict[int, float]:
    """Finite values by step, on a scale where more is better."""
    return {
        each.step: objective.upward(each.value) for each in reports if math.isfinite(each.value)
    }


def common_step(known: Sequence[Curve], enough: int) -> int | None:
    """The furthest step at which at least `enough` trials have a value.

    If no step has that many, the one that most trials reached; None if nobody has a value.
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
