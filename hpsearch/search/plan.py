"""What happens next in a search: a pure function of its spec and its history.

Two cohorts may be in flight. So that nothing depends on who finishes first, a cohort is planned
from what all cohorts but the one before it have brought, and from the parameters of that one.
Where more must be known, at the start of a round and at the end of the budget, the plan waits for
everything in flight and then decides from all of it.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from hpsearch.history import Cohort, Done, History, Plan, Round, Wait
from hpsearch.search import budget, exhaustion, rounds
from hpsearch.search.cohorts import Opening, fill
from hpsearch.search.curves import LATEST, Curve, curves
from hpsearch.search.earlier import Comparable, comparable
from hpsearch.search.exhaustion import as_it_is_run, trains_every_point
from hpsearch.search.ladder import report_points
from hpsearch.search.points import Key, count
from hpsearch.search.ranges import Measure
from hpsearch.search.scale import discrete
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Trial, TrialState

NONE_COMPLETE = "no trial was trained to its end"


def plan(spec: SearchSpec, history: History) -> Plan:
    """The next cohort; Wait while a cohort in flight must finish first; Done with the reason."""
    planned = _planned(spec, history)
    if isinstance(planned, Done) and not _any_complete(history):
        return replace(planned, reason=f"{planned.reason}; {NONE_COMPLETE}")
    return planned


def _planned(given: SearchSpec, history: History) -> Plan:
    spec = as_it_is_run(given)
    done = budget.ended_regardless_of_results(spec.budget, history)
    if done is not None:
        return done
    trials = history.trials
    settled = trials[: _start_of_last_cohort(trials)]
    if _unfinished(settled[_start_of_last_cohort(settled) :]):
        return Wait()
    latest = trials[len(settled) :]
    in_flight = _unfinished(latest)
    decided = _decide(_View(spec, history, settled, latest))
    if in_flight and not isinstance(decided, Cohort):
        return Wait()
    if decided is None:
        decided = _decide(_View(spec, history, trials, ()))
    assert decided is not None, "with nothing in flight there is nothing to wait for"
    return decided


@dataclass(frozen=True)
class _View:
    """What a cohort is planned from: finished trials, and those it must not know the results of."""

    spec: SearchSpec
    history: History
    known: Sequence[Trial]
    unknown: Sequence[Trial]

    @property
    def planned(self) -> int:
        return len(self.known) + len(self.unknown)

    @property
    def used(self) -> float:
        """Epochs of training, at most: what is unknown counts in full. 0 where nobody asks."""
        if self.spec.budget.epochs is None:
            return 0.0
        reserved = sum(self.history.rounds[trial.round].epochs for trial in self.unknown)
        return budget.spent(self.known) + reserved


def _decide(view: _View) -> Cohort | Done | None:
    """The next cohort, or the end; None where that needs the results of the unknown trials."""
    spec = view.spec
    done = budget.over(spec, view.known, view.planned)
    if done is not None:
        return done
    baseline = view.history.baseline if spec.rules > 1 else None
    known = curves(view.known[-LATEST:], spec.objective, baseline)
    last = view.history.rounds[-1] if view.history.rounds else None
    opens = last is None or _moves_on(view, last, known)
    if opens and view.unknown:
        return None
    prior = comparable(spec, view.history.prior, view.history.data, baseline)
    current = _round(view, last, known, prior) if opens or last is None else last
    tried = _tried(view, current)
    size = _size(view, current, tried)
    if size == 0:
        return None if view.unknown else Done("space exhausted")
    wanted = budget.affordable(spec.budget, view.used, current.epochs, size)
    if wanted < size and view.unknown:
        return None
    if wanted == 0:
        return Done("budget: epochs")
    return fill(
        Opening(
            spec=spec,
            history=view.history,
            round=current,
            opens=opens,
            size=wanted,
            known=len(view.known),
            unknown=view.unknown,
            finished=[*prior.curves, *known],
            tried=tried,
        )
    )


def _moves_on(view: _View, last: Round, known: Sequence[Curve]) -> bool:
    """Whether another round is due by the budget used, or because the last one is misplaced."""
    spec = view.spec
    progress = budget.progress(spec.budget, view.planned, view.used, view.history.seconds)
    if rounds.due(spec, progress) > last.index:
        return True
    full = report_points(spec)[-1]
    if last.epochs < full and _left(spec, _tried(view, last)) == 0:
        return True
    if trains_every_point(spec):
        return last.epochs < full or last.ranges != spec.space
    return rounds.off_target(spec, last, view.history.trials, known)


def _round(view: _View, last: Round | None, known: Sequence[Curve], prior: Comparable) -> Round:
    measure = Measure(view.spec.objective, view.history.baseline)
    if last is None:
        return rounds.first(view.spec, prior, measure)
    return rounds.following(view.spec, last, last.index + 1, known, measure)


def _tried(view: _View, current: Round) -> Set[Key] | None:
    """Points that need no training in the current round; None if there is no end to points."""
    if not discrete(view.spec.space):
        return None
    lengths = {each.index: each for each in (*view.history.rounds, current)}
    return exhaustion.tried(view.spec, lengths, current, view.known, view.unknown)


def _left(spec: SearchSpec, tried: Set[Key] | None) -> int | None:
    """How many points there still are to train; None if there is no end to them."""
    points = None if tried is None else count(spec.space)
    return None if points is None or tried is None else max(0, points - len(tried))


def _size(view: _View, current: Round, tried: Set[Key] | None) -> int:
    """Trials of a full cohort, no further than the round's and the budget's number of trials.

    And no more than there are points left, but for those that the user enqueued.
    """
    size = view.spec.cohort
    left = _left(view.spec, tried)
    if left is not None:
        size = min(size, left + len(view.history.enqueued))
    total = view.spec.budget.trials
    if total is None:
        return size
    ahead = [round(share * total) for share in rounds.boundaries(view.spec)[current.index :]]
    ends = [end - view.planned for end in (*ahead, total) if end > view.planned]
    return min(size, *ends)


def _any_complete(history: History) -> bool:
    return any(trial.state is TrialState.COMPLETE for trial in history.trials)


def _unfinished(trials: Sequence[Trial]) -> bool:
    return any(trial.ending is None for trial in trials)


def _start_of_last_cohort(trials: Sequence[Trial]) -> int:
    start = len(trials)
    while start > 0 and trials[start - 1].cohort == trials[-1].cohort:
        start -= 1
    return start
