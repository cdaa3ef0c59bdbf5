"""A trial as the pictures and tables of a page show it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.drawing.scales import colour, written
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value
from hpsearch.trial import Outcome, Trial

KINDS = {
    Outcome.COMPLETED: "complete",
    Outcome.PRUNED: "pruned",
    Outcome.DIVERGED: "diverged",
    Outcome.STUCK: "stuck",
}
SOURCES = {"sampler": "the sampler", "explore": "drawn from the whole box", "enqueued": "you"}


@dataclass(frozen=True)
class Mark:
    """kind: running, complete, pruned, diverged, stuck or other. value: the last that it had.

    colour: of its value among the job's; grey without one. curve: epochs and the objective.
    training: epochs and the accuracy on training images, where it was recorded.
    """

    number: int
    round: int
    kind: str
    outcome: str
    value: float | None
    shown: str
    colour: str
    params: Mapping[str, Value]
    curve: tuple[tuple[float, float], ...]
    training: tuple[tuple[float, float], ...]
    epochs: float
    proposed: str
    stopped: str
    best: bool = False
    upward: float = -math.inf


GREY = "#8a8f98"


def marks(trials: Sequence[Trial], objective: Objective, best: int | None) -> list[Mark]:
    """All trials, in their order."""
    values = {trial.number: _last(trial) for trial in trials}
    upward = [objective.upward(value) for value in values.values() if value is not None]
    low, high = _span(upward)
    return [_mark(trial, values[trial.number], objective, best, low, high) for trial in trials]


def _mark(
    trial: Trial,
    value: float | None,
    objective: Objective,
    best: int | None,
    low: float,
    high: float,
) -> Mark:
    ending = trial.ending
    up = -math.inf if value is None else objective.upward(value)
    share = (up - low) / (high - low) if high > low else 1.0
    return Mark(
        number=trial.number,
        round=trial.round,
        kind="running" if ending is None else KINDS.get(ending.outcome, "other"),
        outcome="running" if ending is None else ending.outcome.value,
        value=value,
        shown="–" if value is None else f"{value:.4f}",
        colour=GREY if value is None else colour(share),
        params=trial.params,
        curve=tuple(
            (report.epoch, report.value) for report in trial.reports if math.isfinite(report.value)
        ),
        training=training_curve(trial),
        epochs=trial.epochs,
        proposed=proposed_by(trial),
        stopped="" if ending is None else _without(ending.reason, ending.outcome.value),
        best=trial.number == best,
        upward=up,
    )


def training_curve(trial: Trial) -> tuple[tuple[float, float], ...]:
    """Epochs and the accuracy on training images, where it was recorded."""
    values = [(report.epoch, report.training_accuracy) for report in trial.reports]
    return tuple((epoch, value) for epoch, value in values if value is not None)


def param(value: Value | None) -> str:
    """A parameter's value, short."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    return written(float(f"{value:.3g}"))


def _without(reason: str, outcome: str) -> str:
    """The reason without the outcome, which the table shows before it."""
    return reason.removeprefix(outcome).lstrip(": ")


def proposed_by(trial: Trial) -> str:
    """Why it has its parameters, in a few words."""
    origin = trial.origin
    source = SOURCES.get(origin.source, origin.source)
    if origin.source == "sampler" and origin.sampler:
        return f"{origin.sampler}, knowing {origin.known} trial{'s' * (origin.known != 1)}"
    return source


def _last(trial: Trial) -> float | None:
    finite = [report.value for report in trial.reports if math.isfinite(report.value)]
    return finite[-1] if finite and trial.reports[-1].value == finite[-1] else None


def _span(values: Sequence[float]) -> tuple[float, float]:
    """What is told apart by colour: the worst tenth shares one end."""
    if not values:
        return 0.0, 1.0
    ordered = sorted(values)
    return ordered[len(ordered) // 10], ordered[-1]
