"""Parameters and rounds, planned again from what each cohort could know."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from hpsearch.auditing.record import Finding, Record, shown
from hpsearch.history import Cohort, Done, Round, Wait
from hpsearch.search.plan import plan
from hpsearch.search.rounds import boundaries
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import same
from hpsearch.trial import Trial

UNKNOWN_SAMPLER = ""


def proposals(
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
                f"{field.name} is {shown(found)}, the plan says {shown(expected)}",
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
                where, f"params.{name} is {shown(found)}, the plan says {shown(expected)}"
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
