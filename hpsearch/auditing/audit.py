"""An audit: plan, decisions, end and certificate of a search must come out as they are recorded.

Plan and decisions are pure functions of spec and history, so each cohort's parameters, each round,
each ending and the certificate must come out as they stand on record. Measured values are the input
of that; a seal over each ended trial says if one of them was changed since.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from hpsearch.auditing.endings import endings
from hpsearch.auditing.proposals import proposals
from hpsearch.auditing.record import Finding, Record
from hpsearch.digest import seal_of, seal_of_confirmation
from hpsearch.history import Done, Stage
from hpsearch.search.certificate import remaining
from hpsearch.search.plan import plan

ENOUGH = 100  # findings; what follows from the first ones would bury them

Key = tuple[Stage, int, int]  # of a confirmation


def audit(record: Record) -> list[Finding]:
    """What does not come out as recorded, the first `ENOUGH`; nothing if all does."""
    found: list[Finding] = []
    for finding in _findings(record):
        found.append(finding)
        if len(found) == ENOUGH:
            break
    return found


def _findings(record: Record) -> Iterator[Finding]:
    trials = record.history.trials
    for place, trial in enumerate(trials):
        if trial.number != place:
            yield Finding(f"trial {place}", f"is missing: trial {trial.number} is in its place")
            return
        sealed = record.seals.get(trial.number)
        if sealed is not None and sealed != seal_of(trial):
            yield Finding(f"trial {trial.number}", "was changed after it had ended: its seal broke")
    if not record.history.counts_hold():
        yield Finding("the validation part", "its images of each class are not as recorded")
    cohorts = [tuple(members) for _, members in groupby(trials, lambda trial: trial.cohort)]
    first, changes = 0, 0
    for index, members in enumerate(cohorts):
        found, passed = proposals(record, cohorts, index, first, changes)
        yield from found
        changes += passed
        yield from endings(record, members)
        first += len(members)
    if record.ended and record.stop_reason is not None:
        yield from _end(record)
    yield from _certificate(record)


def _end(record: Record) -> Iterator[Finding]:
    """Why the search ended, if the plan ended it."""
    reason = record.stop_reason or ""
    limit = record.spec.budget.seconds
    history = replace(record.history, enqueued=())
    if limit is not None and reason.startswith("budget: seconds"):
        history = replace(history, seconds=max(history.seconds, limit))
    elif limit is not None:
        history = replace(history, seconds=min(history.seconds, limit * (1 - 1e-9)))
    planned = plan(record.spec, history)
    if isinstance(planned, Done):
        if planned.reason != reason and not reason.startswith("cancelled"):
            yield Finding("the end", f"is {reason!r}, the plan says {planned.reason!r}")
    elif reason.startswith(("budget: ", "space exhausted", "target")):
        yield Finding("the end", f"is {reason!r}, and the search was to go on")


def _certificate(record: Record) -> Iterator[Finding]:
    """Who was confirmed; what the certificate says is always computed from that."""
    history = record.history
    if not history.confirmations:
        return
    for found in history.confirmations:
        if found.seal not in (None, seal_of_confirmation(found)):
            yield Finding(_named(found.key), "was changed after it was recorded: its seal broke")
    known = {each.key: each for each in history.confirmations}
    expected: set[Key] = set()
    bare = replace(history, confirmations=())
    ends = (*(each.until for each in record.earlier_budgets), len(history.trials))
    for end in ends:  # a search that went on with another budget may have been confirmed before
        bare = replace(bare, trials=history.trials[:end])
        for _ in range(2):  # the repeats, then the look that their verdict asks for
            asked = {
                (each.stage, each.trial.number, each.repeat)
                for each in remaining(record.spec, bare)
            }
            expected |= asked
            for key in asked & known.keys():
                bare = bare.confirmed(known[key])
            if not asked <= known.keys():
                break
    for odd in sorted(known.keys() - expected):
        yield Finding(
            _named(odd),
            "was not to be trained: the certificate chooses others",
        )


def _named(key: Key) -> str:
    stage, trial, repeat = key
    return f"confirmation of trial {trial} ({stage.value} {repeat})"
