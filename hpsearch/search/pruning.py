"""Who trains on at a report point: a pure function of the spec, the history and the new reports."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.history import Ending, History, Outcome, Report, Trial, step_of
from hpsearch.search.ladder import report_points
from hpsearch.search.pruners import Miss, Rival, Standing, missed
from hpsearch.spec.search import SearchSpec

LATEST = 500
"""A trial is compared with so many of the latest that it may know, however long the search."""
HOPE = 0.5
"""Epochs after which the training loss must lie below where it started."""
PAST_CHANCE = 1.5
"""An accuracy up to so many times that of a guess counts as chance."""
WITNESSES = 2
"""Others that must be past chance before a trial at chance is cut."""


@dataclass(frozen=True)
class LegFacts:
    """What a leg said beside its report.

    first_loss: training loss of the trial's first mini-batch. training_loss: mean over the leg.
    diverged_at: the iteration of the first non-finite loss, or None.
    """

    first_loss: float
    training_loss: float
    diverged_at: int | None = None


def decide(
    spec: SearchSpec,
    history: History,
    cohort: int,
    reports: Mapping[int, Report],
    facts: Mapping[int, LegFacts],
) -> Mapping[int, Ending]:
    """Endings of the trials that stop at this report point; whoever is not named trains on.

    `reports` and `facts` are those of all trials of the cohort that came this far, by number;
    `history` holds the trials with their earlier reports. A trial is compared with its mates here
    and with the earlier trials of its round that its cohort may know, never with others in flight.
    """
    mates = [
        trial for trial in history.trials if trial.cohort == cohort and trial.number in reports
    ]
    points = report_points(spec)
    earlier = _earlier(history.trials, mates[0]) if mates else []
    beside = [_rival(mate, (*mate.reports, reports[mate.number])) for mate in mates]
    endings: dict[int, Ending] = {}
    for trial in mates:
        report, fact = reports[trial.number], facts[trial.number]
        values = {each.step: each.value for each in (*trial.reports, report)}
        rivals = [*(mate for mate in beside if mate.number != trial.number), *earlier]
        standing = Standing(
            trial.number, report.step, values, rivals, step_of(points[0]), step_of(points[-1])
        )
        final = step_of(history.rounds[trial.round].report_epochs[-1])
        ending = _ending(spec, standing, final, report, fact, history.classes)
        if ending is not None:
            endings[trial.number] = ending
    return endings


def _ending(
    spec: SearchSpec,
    standing: Standing,
    final: int,
    report: Report,
    fact: LegFacts,
    classes: int | None,
) -> Ending | None:
    if fact.diverged_at is not None or not math.isfinite(report.value):
        return _diverged(report, fact)
    if report.step >= final:
        return Ending(
            Outcome.COMPLETED, f"completed: {report.epoch:g} epochs", report.step, report.value
        )
    if spec.pruner.name == "none":
        return None
    stuck = _stuck(standing, report, fact, classes)
    if stuck is not None:
        return _ended(Outcome.STUCK, stuck, report, "stuck")
    miss = missed(spec.pruner, standing)
    if miss is not None:
        return _ended(Outcome.PRUNED, miss, report, "pruned")
    return None


def _diverged(report: Report, fact: LegFacts) -> Ending:
    where = f" at iteration {fact.diverged_at}" if fact.diverged_at is not None else ""
    return Ending(Outcome.DIVERGED, f"diverged{where}", report.step, iteration=fact.diverged_at)


def _stuck(standing: Standing, report: Report, fact: LegFacts, classes: int | None) -> Miss | None:
    """Finite, but hopeless: a loss above its start, or no better than a guess while others are."""
    if report.epoch >= HOPE and fact.training_loss > fact.first_loss:
        return Miss(fact.training_loss, fact.first_loss, "its start")
    if classes is None:
        return None
    chance = PAST_CHANCE / classes
    there = standing.there()
    if report.value <= chance and sum(value > chance for value in there) >= WITNESSES:
        return Miss(report.value, chance, f"{PAST_CHANCE:g} times a guess's", len(there))
    return None


def _ended(outcome: Outcome, miss: Miss, report: Report, verb: str) -> Ending:
    epochs = f"{report.epoch:g} epoch" + ("" if report.epoch == 1 else "s")
    if miss.what == "its start":
        words = f"training loss {miss.value:.3f} is above {miss.what} {miss.bar:.3f}"
    else:
        words = f"accuracy {miss.value:.3f} is below {miss.what} {miss.bar:.3f}"
    if miss.compared is not None:
        words += f" of {miss.compared} trials"
    return Ending(
        outcome,
        f"{verb} at {epochs}: {words}",
        report.step,
        miss.value,
        miss.bar,
        miss.compared,
    )


def _earlier(trials: Sequence[Trial], mate: Trial) -> list[Rival]:
    """Finished trials of the same round that the mate's cohort knew when it was planned."""
    known = mate.origin.known
    return [
        _rival(trial, trial.reports)
        for trial in trials[max(0, known - LATEST) : known]
        if trial.round == mate.round
    ]


def _rival(trial: Trial, reports: Iterable[Report]) -> Rival:
    return Rival(
        trial.number, {each.step: each.value for each in reports if math.isfinite(each.value)}
    )
