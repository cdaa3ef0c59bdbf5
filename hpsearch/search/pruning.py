"""Who trains on at a report point: a pure function of the spec, the history and the new reports."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hpsearch.baseline import Baseline
from hpsearch.history import History
from hpsearch.search import control
from hpsearch.search.curves import LATEST, upward
from hpsearch.search.exhaustion import as_it_is_run
from hpsearch.search.ladder import report_points
from hpsearch.search.pruners import Miss, Rival, TrialAtReport, missed
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Ending, Outcome, Report, Trial, step_of

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
    together = [
        replace(trial, reports=(*trial.reports, reports[trial.number]))
        if trial.number in reports
        else trial
        for trial in history.trials
        if trial.cohort == cohort
    ]
    mates = [trial for trial in together if trial.number in reports]
    if not mates:
        return {}
    earlier = _earlier(history.trials, mates[0], spec.objective)
    group = _Group(spec, together, earlier, history.baseline)
    final = step_of(history.rounds[mates[0].round].report_epochs[-1])
    endings: dict[int, Ending] = {}
    for trial in mates:
        report, fact = reports[trial.number], facts[trial.number]
        if fact.diverged_at is not None or not math.isfinite(report.value):
            endings[trial.number] = _diverged(report, fact)
        elif report.step >= final:
            endings[trial.number] = _completed(group, trial)
        elif (ending := _cut(group, trial, report, fact)) is not None:
            endings[trial.number] = ending
    return endings


@dataclass(frozen=True)
class _Group:
    """A cohort with all its reports, and the curves of earlier trials that it is compared with."""

    spec: SearchSpec
    trials: Sequence[Trial]
    earlier: Sequence[Rival]
    baseline: Baseline | None
    _by_step: dict[int, Sequence[Rival]] = field(default_factory=dict)

    @property
    def chance(self) -> float | None:
        """What a trial must be better than to be past chance, on the scale of rivals' values."""
        objective = self.spec.objective
        return None if self.baseline is None else objective.upward(self.baseline.bar(objective))

    def learns(self, report: Report) -> bool:
        """Whether the loss says that a network knows of the images, whatever its answers."""
        if self.spec.rules == 1 or self.baseline is None:
            return False
        return self.baseline.beaten_by(report.loss, Objective.LOSS)

    def at(self, trial: Trial, report: Report) -> TrialAtReport:
        """The trial at one of its reports, among those that reached it, as it was decided then."""
        points = report_points(self.spec)
        there = self._there(report.step)
        (own,) = (each for each in there if each.number == trial.number)
        return TrialAtReport(
            number=trial.number,
            step=report.step,
            values=own.values,
            rivals=[*(each for each in there if each is not own), *self.earlier],
            first=step_of(points[0]),
            last=step_of(points[-1]),
        )

    def _there(self, step: int) -> Sequence[Rival]:
        """Those that reached a step, with what they had until then; all that stand there ask."""
        if step not in self._by_step:
            reached = (each for each in self.trials if any(r.step == step for r in each.reports))
            self._by_step[step] = [self._until(each, step) for each in reached]
        return self._by_step[step]

    def _until(self, trial: Trial, step: int) -> Rival:
        reports = [each for each in trial.reports if each.step <= step]
        return Rival(trial.number, upward(reports, self.spec.objective))


def _cut(group: _Group, trial: Trial, report: Report, fact: LegFacts) -> Ending | None:
    """Why the trial must not train on, if so."""
    if group.spec.pruner.name == "none":
        return None
    if report.epoch >= LOSS_MUST_HAVE_FALLEN and fact.training_loss > fact.first_loss:
        return _above_its_start(report, fact)
    if control.takes(group.spec, trial.number):
        return None
    return _weak(group, trial, report)


def _weak(group: _Group, trial: Trial, report: Report) -> Ending | None:
    """The ending of a trial that is no better than a guess, or misses the pruner's bar."""
    spec, chance, here = group.spec, group.chance, group.at(trial, report)
    if chance is not None and here.values[report.step] <= chance and not group.learns(report):
        past = sum(value > chance for value in here.there())
        if past >= OTHERS_PAST_CHANCE:
            return _at_chance(here, report, spec.objective, chance, past)
    miss = missed(spec.pruner, here)
    return None if miss is None else _pruned(report, miss, spec.objective)


def _completed(group: _Group, trial: Trial) -> Ending:
    """The ending of a trial that trained to the end of its round.

    One of the control group says where it would have been cut, with the bar that it missed.
    """
    *before, last = trial.reports
    reason = f"completed: {last.epoch:g} epochs"
    ending = Ending(Outcome.COMPLETED, reason, last.step, last.value)
    if group.spec.pruner.name == "none" or not control.takes(group.spec, trial.number):
        return ending
    for report in before:
        weak = _weak(group, trial, report)
        if weak is not None:
            words = f"{reason}, as one of the control group; otherwise {weak.reason}"
            return replace(ending, reason=words, bar=weak.bar, compared=weak.compared)
    return ending


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
