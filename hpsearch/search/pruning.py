"""Who trains on at a report point: a pure function of the spec, the history and the new reports."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.baseline import Baseline
from hpsearch.history import Ending, History, Outcome, Report, Trial, step_of
from hpsearch.search.curves import LATEST, upward
from hpsearch.search.exhaustion import as_it_is_run
from hpsearch.search.ladder import report_points
from hpsearch.search.pruners import Miss, Rival, TrialAtReport, missed
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec

LOSS_MUST_HAVE_FALLEN = 0.5
"""Epochs after which the training loss must lie below where it started."""
OTHERS_PAST_CHANCE = 2
"""That many must be past chance before a trial at chance is cut."""


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
    given: SearchSpec,
    history: History,
    cohort: int,
    reports: Mapping[int, Report],
    facts: Mapping[int, LegFacts],
) -> Mapping[int, Ending]:
    """Endings of the trials that stop at this report point; trials not listed continue.

    `reports` and `facts` are those of all trials of the cohort that came this far, by number;
    `history` holds the trials with their earlier reports. A trial is compared with its mates here
    and with the earlier trials of its round that its cohort may know, never with others in flight.
    """
    spec = as_it_is_run(given)
    mates = [
        trial for trial in history.trials if trial.cohort == cohort and trial.number in reports
    ]
    earlier = _earlier(history.trials, mates[0], spec.objective) if mates else []
    beside = [
        Rival(mate.number, upward((*mate.reports, reports[mate.number]), spec.objective))
        for mate in mates
    ]
    points, chance = report_points(spec), _chance(spec.objective, history.baseline)
    endings: dict[int, Ending] = {}
    for trial, own in zip(mates, beside, strict=True):
        at_report = TrialAtReport(
            number=trial.number,
            step=reports[trial.number].step,
            values=own.values,
            rivals=[*(mate for mate in beside if mate is not own), *earlier],
            first=step_of(points[0]),
            last=step_of(points[-1]),
        )
        final = step_of(history.rounds[trial.round].report_epochs[-1])
        report, fact = reports[trial.number], facts[trial.number]
        ending = _ending(spec, at_report, final, report, fact, chance)
        if ending is not None:
            endings[trial.number] = ending
    return endings


def _ending(
    spec: SearchSpec,
    trial: TrialAtReport,
    final: int,
    report: Report,
    fact: LegFacts,
    chance: float | None,
) -> Ending | None:
    if fact.diverged_at is not None or not math.isfinite(report.value):
        return _diverged(report, fact)
    if report.step >= final:
        return Ending(
            Outcome.COMPLETED, f"completed: {report.epoch:g} epochs", report.step, report.value
        )
    if spec.pruner.name == "none":
        return None
    if report.epoch >= LOSS_MUST_HAVE_FALLEN and fact.training_loss > fact.first_loss:
        return _above_its_start(report, fact)
    if chance is not None and trial.values[report.step] <= chance:
        past = sum(value > chance for value in trial.there())
        if past >= OTHERS_PAST_CHANCE:
            return _at_chance(trial, report, spec.objective, chance, past)
    miss = missed(spec.pruner, trial)
    return None if miss is None else _pruned(report, miss, spec.objective)


def _diverged(report: Report, fact: LegFacts) -> Ending:
    where = f" at iteration {fact.diverged_at}" if fact.diverged_at is not None else ""
    return Ending(Outcome.DIVERGED, f"diverged{where}", report.step, iteration=fact.diverged_at)


def _above_its_start(report: Report, fact: LegFacts) -> Ending:
    return Ending(
        Outcome.STUCK,
        f"stuck at {_epochs(report)}: training loss {fact.training_loss:.3f} "
        f"is above its start {fact.first_loss:.3f}",
        report.step,
        fact.training_loss,
        fact.first_loss,
    )


def _chance(objective: Objective, baseline: Baseline | None) -> float | None:
    """What a trial must be better than to be past chance, on the scale of rivals' values."""
    return None if baseline is None else objective.upward(baseline.bar(objective))


def _at_chance(
    trial: TrialAtReport, report: Report, objective: Objective, chance: float, past: int
) -> Ending:
    bar, compared = objective.upward(chance), len(trial.there())
    return Ending(
        Outcome.STUCK,
        f"stuck at {_epochs(report)}: {objective.words} {report.value:.3f} may be the luck of a "
        f"guess ({bar:.3f}); {past} of {compared} trials are better than that",
        report.step,
        report.value,
        bar,
        compared,
    )


def _pruned(report: Report, miss: Miss, objective: Objective) -> Ending:
    value, bar = objective.upward(miss.value), objective.upward(miss.bar)
    side = "above" if value > bar else "below"
    words = f"{objective.words} {value:.3f} is {side} {miss.what} {bar:.3f}"
    if miss.compared is not None:
        words += f" of {miss.compared} trials"
    return Ending(
        Outcome.PRUNED,
        f"pruned at {_epochs(report)}: {words}",
        report.step,
        value,
        bar,
        miss.compared,
    )


def _epochs(report: Report) -> str:
    return f"{report.epoch:g} epoch" + ("" if report.epoch == 1 else "s")


def _earlier(trials: Sequence[Trial], mate: Trial, objective: Objective) -> list[Rival]:
    """Finished trials of the same round that the mate's cohort knew when it was planned."""
    known = mate.origin.known
    return [
        Rival(trial.number, upward(trial.reports, objective))
        for trial in trials[max(0, known - LATEST) : known]
        if trial.round == mate.round
    ]
