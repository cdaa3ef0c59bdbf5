"""Searches of spaces so small that the budget pays for all of their points."""

from collections.abc import Iterator, Mapping, Sequence

from hpsearch.history import Round
from hpsearch.search import points
from hpsearch.search.points import Key, key_of
from hpsearch.spec.parts import Budget, Pruner
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Outcome, Trial

UNLIMITED = 40
"""Points that a search without a limit of trials or epochs is taken to pay for."""
CUT = (Outcome.PRUNED, Outcome.STUCK)


def as_it_is_run(spec: SearchSpec) -> SearchSpec:
    """The spec by which a search is decided.

    If the budget pays for a full training of each point of the space, there is nothing to narrow
    and nobody to cut: one round, no pruner, each point once.
    """
    if not trains_every_point(spec):
        return spec
    rounds = spec.rounds.model_copy(update={"count": 1, "explore": 0.0})
    return spec.model_copy(update={"rounds": rounds, "pruner": Pruner(name="none")})


def trains_every_point(spec: SearchSpec) -> bool:
    """Whether the budget pays for a full training of each point of the space."""
    found = points.count(spec.space)
    return found is not None and found <= _trainings(spec.budget, spec.epochs)


def tried(
    spec: SearchSpec,
    rounds: Mapping[int, Round],
    current: Round,
    known: Sequence[Trial],
    unknown: Sequence[Trial],
) -> set[Key]:
    """Points that had as long a training as the current round gives, or are about to.

    What was lost or cut short with its job counts as not tried. What a pruner cut had its chance,
    unless the budget pays for every point.
    """
    every = trains_every_point(spec)

    def long_enough() -> Iterator[Trial]:
        for trial in known:
            outcome = trial.ending.outcome if trial.ending else None
            if outcome is None or not outcome.caused_by_parameters:
                continue
            if not (every and outcome in CUT):
                yield trial
        yield from unknown

    return {
        key_of(trial.params)
        for trial in long_enough()
        if rounds[trial.round].epochs >= current.epochs
    }


def _trainings(budget: Budget, epochs: float) -> int:
    limits = []
    if budget.trials is not None:
        limits.append(budget.trials)
    if budget.epochs is not None:
        limits.append(int(budget.epochs / epochs + 1e-9))
    return min(limits, default=UNLIMITED)
