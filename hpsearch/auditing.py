"""Every decision of a search computed again from what is recorded, without training.

Plan and decisions are pure functions of spec and history, so each cohort's parameters, each round,
each ending and the certificate must come out as they stand on record. Measured values are the input
of that; a seal over each ended trial says if one of them was changed since.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby

from hpsearch.digest import seal_of, seal_of_confirmation
from hpsearch.history import Cohort, Done, History, Round, Stage, Wait
from hpsearch.search.certificate import remaining
from hpsearch.search.plan import plan
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.search.rounds import boundaries
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import same
from hpsearch.trial import Ending, Outcome, Report, Trial, TrialState

ENOUGH = 100  # findings; what follows from the first ones would bury them
DECIDED = (Outcome.COMPLETED, Outcome.PRUNED, Outcome.DIVERGED, Outcome.STUCK)
ABOVE_ITS_START = "above its start"
UNKNOWN_SAMPLER = ""

Key = tuple[Stage, int, int]  # of a confirmation


@dataclass(frozen=True)
class Finding:
    """What does not come out as recorded. where: `trial 12`, `round 1`, `the end`."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Record:
    """What is audited.

    ended: whether the job has. seals: by trial number, of those that have one. earlier_budgets:
    those before the spec's, the oldest first.
    """

    spec: SearchSpec
    history: History
    stop_reason: str | None
    ended: bool
    seals: Mapping[int, str]
    earlier_budgets: Sequence[EarlierBudget] = ()


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
        found, passed = _proposals(record, cohorts, index, first, changes)
        yield from found
        changes += passed
        yield from _endings(record, members)
        first += len(members)
    if record.ended and record.stop_reason is not None:
        yield from _end(record)
    yield from _certificate(record)


def _proposals(
    record: Record,
    cohorts: Sequence[tuple[Trial, ...]],
    index: int,
    first: int,
    changes: int,
) -> tuple[list[Finding], int]:
    """What is wrong with the cohort's parameters or the round that it opens.

    changes: of the budget, which the cohorts before went by. A running search hears of one a little
    later, so this cohort may still go by the same budget or by any that was there when it began;
    returns how many changes on the first is by which it comes out as recorded.
    """
    earlier = record.earlier_budgets
    budgets = [*(each.budget for each in earlier), record.spec.budget]
    there = [0, *(each.until for each in earlier)]
    found: list[Finding] = []
    for place in range(changes, len(budgets)):
        if place > changes and there[place] > first:
            break
        spec = record.spec.model_copy(update={"budget": budgets[place]})
        found = list(_proposals_by(spec, record, cohorts, index, first))
        if not found:
            return [], place - changes
    return found, 0


def _proposals_by(
    spec: SearchSpec,
    record: Record,
    cohorts: Sequence[tuple[Trial, ...]],
    index: int,
    first: int,
) -> Iterator[Finding]:
    """The cohort's parameters, and its round if it opens one, planned from what it could know."""
    recorded = cohorts[index]
    trials = record.history.trials
    latest = cohorts[index - 1] if index else ()
    settled = trials[: first - len(latest)]
    fresh = tuple(replace(trial, reports=(), ending=None) for trial in latest)
    wanted = tuple(t.params for t in recorded if t.origin.source == "enqueued")
    opened = {trial.round for trial in trials[:first]}
    known = replace(
        record.history,
        rounds=tuple(each for each in record.history.rounds if each.index in opened),
        enqueued=wanted,
        confirmations=(),
        seconds=0.0,
    )
    planned = None
    for seconds in _moments(spec):
        past = replace(known, seconds=seconds)
        planned = plan(spec, replace(past, trials=(*settled, *fresh)))
        if isinstance(planned, Wait):
            planned = plan(spec, replace(past, trials=trials[:first]))
        if isinstance(planned, Cohort) and planned.round.index == recorded[0].round:
            break
    if not isinstance(planned, Cohort):
        reason = planned.reason if isinstance(planned, Done) else "a cohort in flight"
        yield Finding(
            f"trial {first}",
            f"was not to be planned: the search stops there ({reason}); was the budget changed?",
        )
        return
    yield from _compare(record, planned, recorded)


def _moments(spec: SearchSpec) -> list[float]:
    """Seconds of running at which a cohort may have been planned: they are not on record."""
    limit = spec.budget.seconds
    if limit is None:
        return [0.0]
    return [0.0, *(min(share + 1e-9, 1 - 1e-9) * limit for share in boundaries(spec))]


def _compare(record: Record, planned: Cohort, recorded: Sequence[Trial]) -> Iterator[Finding]:
    number = recorded[0].number
    if len(planned.trials) != len(recorded):
        yield Finding(
            f"trial {number}",
            f"its cohort has {len(recorded)} trials, {len(planned.trials)} were to be planned; "
            "was the budget changed?",
        )
    if planned.opens:
        if planned.round.index >= len(record.history.rounds):
            yield Finding(f"round {planned.round.index}", "is missing")
        else:
            yield from _compare_rounds(planned.round, record.history.rounds[planned.round.index])
    for ours, theirs in zip(planned.trials, recorded, strict=False):
        yield from _compare_trials(ours, theirs)


def _compare_rounds(planned: Round, recorded: Round) -> Iterator[Finding]:
    for field in fields(Round):
        expected, found = getattr(planned, field.name), getattr(recorded, field.name)
        if expected != found:
            yield Finding(
                f"round {recorded.index}",
                f"{field.name} is {_shown(found)}, the plan says {_shown(expected)}",
            )


def _compare_trials(planned: Trial, recorded: Trial) -> Iterator[Finding]:
    where = f"trial {recorded.number}"
    for name in ("round", "cohort"):
        expected, found = getattr(planned, name), getattr(recorded, name)
        if expected != found:
            yield Finding(where, f"{name} is {found}, the plan says {expected}")
    for name in dict.fromkeys((*planned.params, *recorded.params)):
        expected, found = planned.params.get(name), recorded.params.get(name)
        absent = (name in planned.params) != (name in recorded.params)
        if absent or not same(expected, found):
            yield Finding(
                where, f"params.{name} is {_shown(found)}, the plan says {_shown(expected)}"
            )
    if recorded.origin.sampler == UNKNOWN_SAMPLER and recorded.origin.seed == 0:
        return  # of versions that did not record it
    names = (
        ("source", "known")
        if recorded.origin.source == "enqueued"
        else (
            "source",
            "sampler",
            "seed",
            "known",
        )
    )
    for name in names:
        expected, found = getattr(planned.origin, name), getattr(recorded.origin, name)
        if expected != found:
            yield Finding(where, f"origin.{name} is {found}, the plan says {expected}")


def _endings(record: Record, members: Sequence[Trial]) -> Iterator[Finding]:
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
                    f"ending.{field.name} is {_shown(found)}, the decision says {_shown(expected)}",
                )


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


def _equal(one: object, other: object) -> bool:
    both_nan = one != one and other != other
    return both_nan or one == other


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
