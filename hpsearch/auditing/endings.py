"""Who trained on and who ended, decided again at each report point."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from hpsearch.auditing.record import Finding, Record, shown
from hpsearch.history import Round
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.trial import Ending, Outcome, Report, Trial, TrialState

DECIDED = (Outcome.COMPLETED, Outcome.PRUNED, Outcome.DIVERGED, Outcome.STUCK)
ABOVE_ITS_START = "above its start"


def endings(record: Record, members: Sequence[Trial]) -> Iterator[Finding]:
    """Who trains on at each report point, decided again."""
    history = record.history
    position = 0
    while any(len(trial.reports) > position for trial in members):
        there = [trial for trial in members if len(trial.reports) > position]
        reports = {trial.number: trial.reports[position] for trial in there}
        facts = {trial.number: _facts(trial, reports[trial.number]) for trial in there}
        yield from _steps(history.rounds[members[0].round], there, position)
        trials = list(history.trials[: members[-1].number + 1])
        for trial in members:
            trials[trial.number] = replace(trial, reports=trial.reports[:position], ending=None)
        before = replace(history, trials=tuple(trials))
        decided = decide(record.spec, before, members[0].cohort, reports, facts)
        undecided = _undecided(members, position)
        for trial in there:
            if trial.number not in undecided:
                yield from _compare_ending(trial, position, decided.get(trial.number))
        position += 1


def _undecided(members: Sequence[Trial], position: int) -> set[int]:
    """Trials about which nobody decided at this report point, as the job ended or still runs.

    Reports are recorded as they come, and decided about when no mate's is awaited any more.
    """
    cut = [each for each in members if each.state in (TrialState.RUNNING, TrialState.STOPPED)]
    awaited = any(len(each.reports) == position for each in cut)
    return {each.number for each in cut if awaited and len(each.reports) == position + 1}


def _steps(round_: Round, trials: Sequence[Trial], position: int) -> Iterator[Finding]:
    due = round(100 * round_.report_epochs[position]) if position < len(round_.report_epochs) else 0
    for trial in trials:
        if trial.reports[position].step != due:
            found = trial.reports[position].step
            yield Finding(f"trial {trial.number}", f"reports at step {found}, {due} was due")


def _facts(trial: Trial, report: Report) -> LegFacts:
    """What the leg said, as far as the ending says it; a trial that went on had nothing to say."""
    ending = trial.ending
    if ending is None or ending.step != report.step:
        return LegFacts(math.nan, math.nan)
    if ending.outcome is Outcome.STUCK and ABOVE_ITS_START in ending.reason:
        start, now = ending.bar, ending.value
        return LegFacts(math.nan if start is None else start, math.nan if now is None else now)
    return LegFacts(math.nan, math.nan, ending.iteration)


def _compare_ending(trial: Trial, position: int, decided: Ending | None) -> Iterator[Finding]:
    where, last = f"trial {trial.number}", position == len(trial.reports) - 1
    recorded = trial.ending if last else None
    if recorded is not None and recorded.outcome not in DECIDED:
        recorded = None  # the end of the job, or a fault, came after this report
    if decided == recorded or (last and trial.ending is None):
        return
    if decided is None:
        assert recorded is not None
        yield Finding(where, f"ended ({recorded.reason}), and was to go on")
    elif recorded is None:
        step = trial.reports[position].step
        yield Finding(where, f"went on at step {step}, and was to end: {decided.reason}")
    else:
        for field in fields(Ending):
            expected, found = getattr(decided, field.name), getattr(recorded, field.name)
            if not _equal(expected, found):
                yield Finding(
                    where,
                    f"ending.{field.name} is {shown(found)}, the decision says {shown(expected)}",
                )


def _equal(one: object, other: object) -> bool:
    both_nan = one != one and other != other
    return both_nan or one == other
