"""What a search has used up of its budget, and whether that ends it."""

import math
from collections.abc import Sequence

from hpsearch.history import TOO_MANY_FAILURES, Done, History
from hpsearch.spec.objective import Objective
from hpsearch.spec.parts import Budget
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Outcome, Trial

SLACK = 1e-9
"""Epochs: sums of fractions are not exact."""


def spent(trials: Sequence[Trial]) -> float:
    """Epochs of training that these trials took."""
    return sum(trial.epochs for trial in trials)


def ended_regardless_of_results(budget: Budget, history: History) -> Done | None:
    """Ends that do not wait for cohorts in flight: they depend on clocks and faults alone."""
    if budget.seconds is not None and history.seconds >= budget.seconds:
        return Done("budget: seconds")
    failed = sum(
        1
        for trial in history.trials
        if trial.ending is not None and trial.ending.outcome is Outcome.WORKER_LOST
    )
    if failed >= budget.failures:
        return Done(TOO_MANY_FAILURES, failed=True)
    return None


def over(spec: SearchSpec, known: Sequence[Trial], planned: int) -> Done | None:
    """Ends that depend on nothing but the spec and the results of `known` trials.

    `planned` counts all trials of the search so far. Call it with trials in order of number.
    """
    budget = spec.budget
    if budget.target is not None or budget.patience is not None:
        done = _good_enough(budget, spec.objective, known)
        if done is not None:
            return done
    if budget.trials is not None and planned >= budget.trials:
        return Done("budget: trials")
    return None


def _good_enough(budget: Budget, objective: Objective, known: Sequence[Trial]) -> Done | None:
    best, since = -math.inf, 0
    for trial in known:
        if trial.ending is None or not trial.ending.outcome.caused_by_parameters:
            continue
        since += 1
        if trial.value is not None and objective.upward(trial.value) > best:
            best, since = objective.upward(trial.value), 0
    if best == -math.inf:
        return None
    if budget.target is not None and best >= objective.upward(budget.target):
        return Done("target reached")
    if budget.patience is not None and since >= budget.patience:
        return Done("no improvement")
    return None


def affordable(budget: Budget, used: float, epochs: float, count: int) -> int:
    """How many of `count` trials of `epochs` each fit in what is left after `used` epochs."""
    if budget.epochs is None:
        return count
    return max(0, min(count, int((budget.epochs - used + SLACK) / epochs)))


def progress(budget: Budget, planned: int, used: float, seconds: float) -> float:
    """How far the search is, 0 to 1, by whichever limit is nearest.

    Seconds count only where nothing else limits the search: clocks differ from run to run.
    """
    shares = []
    if budget.trials is not None:
        shares.append(planned / budget.trials)
    if budget.epochs is not None:
        shares.append(used / budget.epochs)
    if not shares and budget.seconds is not None:
        shares.append(seconds / budget.seconds)
    return min(1.0, max(shares, default=0.0))
