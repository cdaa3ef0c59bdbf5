"""Coarse to fine: which round a cohort belongs to, and the round that opens."""

from collections.abc import Sequence

from hpsearch.history import Round
from hpsearch.search import study
from hpsearch.search.curves import Curve, common_step
from hpsearch.search.earlier import Comparable
from hpsearch.search.exhaustion import trains_every_point
from hpsearch.search.ladder import report_epochs, round_epochs
from hpsearch.search.points import count
from hpsearch.search.ranges import FEWEST_GOOD, Measure, draw
from hpsearch.search.scale import Space, fits
from hpsearch.spec.parts import Budget
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Trial

TRIALS_BEFORE = (0.4, 0.7)
"""Of the trials: where the second and the third of three rounds begin."""
EPOCHS_BEFORE = (0.07, 0.3)
"""The same in shares of the epochs, as earlier rounds train less."""


def boundaries(spec: SearchSpec) -> tuple[float, ...]:
    """Progress (0 to 1) at which rounds 1, 2, … begin."""
    first, last = EPOCHS_BEFORE if _by_epochs(spec.budget) else TRIALS_BEFORE
    later = spec.rounds.count - 1
    if later == 0:
        return ()
    if later == 1:
        return (first,)
    return tuple(first + (last - first) * i / (later - 1) for i in range(later))


def due(spec: SearchSpec, progress: float) -> int:
    """The round that a search this far along should be in."""
    return sum(progress >= boundary for boundary in boundaries(spec))


def off_target(
    spec: SearchSpec, last: Round, trials: Sequence[Trial], known: Sequence[Curve]
) -> bool:
    """Whether the last of the rounds searches in the wrong place, so that another must follow.

    So it is where the best trial lies outside its ranges. That must be a trial of this very round:
    the ranges were drawn with the earlier ones in sight.
    """
    if last.index < spec.rounds.count - 1:
        return False
    step = common_step(known, study.ENOUGH)
    if step is None:
        return False
    best = max((each for each in known if step in each.values), key=lambda each: each.values[step])
    return trials[best.number].round == last.index and not fits(last.ranges, best.params)


def first(spec: SearchSpec, prior: Comparable, measure: Measure) -> Round:
    """The first round: the whole box, or around the good trials of earlier jobs."""
    if trains_every_point(spec):
        return every_point(spec, 0, spec.space)
    if not prior.curves:
        reason = f"the whole box{prior.words()}"
        return _round(spec, 0, spec.space, spec.space, (), reason, ())
    drawn = draw(spec.space, spec.space, prior.curves, spec.rounds.keep, measure, FEWEST_GOOD)
    reason = f"earlier jobs: {drawn.reason}{prior.words()}"
    return _round(spec, 0, drawn.ranges, spec.space, (), reason, drawn.advice)


def following(
    spec: SearchSpec, last: Round, index: int, known: Sequence[Curve], measure: Measure
) -> Round:
    """Round `index`, drawn around the good trials among `known`."""
    if trains_every_point(spec):
        return every_point(spec, index, last.ranges)
    drawn = draw(spec.space, last.ranges, known, spec.rounds.keep, measure)
    return _round(
        spec, index, drawn.ranges, last.ranges, drawn.evidence, drawn.reason, drawn.advice
    )


def every_point(spec: SearchSpec, index: int, before: Space) -> Round:
    """A round that gives each point of a small space one full training."""
    reason = f"the whole box: each of its {count(spec.space)} points is trained once, to the end"
    return _round(spec, index, spec.space, before, (), reason, ())


def _round(
    spec: SearchSpec,
    index: int,
    ranges: Space,
    before: Space,
    evidence: tuple[int, ...],
    reason: str,
    advice: tuple[str, ...],
) -> Round:
    return Round(
        index=index,
        ranges=ranges,
        before=before,
        evidence=evidence,
        reason=reason,
        epochs=round_epochs(spec, index),
        report_epochs=report_epochs(spec, index),
        advice=advice,
    )


def _by_epochs(budget: Budget) -> bool:
    return budget.trials is None
