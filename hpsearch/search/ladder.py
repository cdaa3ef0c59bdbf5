"""How long trials train, and when they report: one ladder of report points for the whole job.

A shorter training is an exact prefix of a longer one, so values at the same point of the ladder
are comparable whatever round they come from. Values at different points never are.
"""

from hpsearch.spec.search import SearchSpec

SHARES = (2 / 15, 1 / 3, 2 / 3, 1.0)
"""Of a full training: 0.4, 1, 2 and 3 epochs where a trial may train for 3."""

FIRST_REPORT = 1.0
"""Epochs: no trial trains longer than this before its first report."""


def report_points(spec: SearchSpec) -> tuple[float, ...]:
    """Epochs at which trials of this job report, ascending; the last is a full training."""
    points = _lengths(spec)
    while points[0] > FIRST_REPORT:
        points.insert(0, round(points[0] / 2, 2))
    return tuple(points)


def round_epochs(spec: SearchSpec, index: int) -> float:
    """How long a trial of round `index` may train.

    The first half of the rounds is short, each one point of the ladder longer than the one before;
    the others give full trainings, of which the pruner cuts most. Of three rounds one is short.
    """
    short = _lengths(spec)[: spec.rounds.count // 2]
    return short[index] if index < len(short) else report_points(spec)[-1]


def report_epochs(spec: SearchSpec, index: int) -> tuple[float, ...]:
    """When trials of round `index` report, ascending; the last is the end of their training."""
    end = round_epochs(spec, index)
    return tuple(point for point in report_points(spec) if point <= end)


def _lengths(spec: SearchSpec) -> list[float]:
    return sorted({max(0.01, round(spec.epochs * share, 2)) for share in SHARES})
