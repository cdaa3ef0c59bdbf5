"""A trial as values: its parameters, what it reported, and how it ended."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self

from hpsearch.scores import Scores
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value


def step_of(epoch: float) -> int:
    """An amount of training as `Report.step` has it: in hundredths of an epoch."""
    return round(100 * epoch)


class TrialState(StrEnum):
    """Optuna's states of a trial; STOPPED is ours, for trials that ended with their job."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAIL = "fail"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """How a trial ended, told apart more finely than Optuna's states do.

    CANCELLED: its job's user ended the job. CUT_SHORT: the job ended, by the clock for example.
    """

    COMPLETED = "completed"
    PRUNED = "pruned"
    DIVERGED = "diverged"
    STUCK = "stuck at chance"
    IMPOSSIBLE_SHAPE = "impossible shape"
    OUT_OF_MEMORY = "out of memory"
    WORKER_LOST = "worker lost"
    CANCELLED = "cancelled"
    CUT_SHORT = "cut short"

    @property
    def state(self) -> TrialState:
        if self is Outcome.COMPLETED:
            return TrialState.COMPLETE
        if self is Outcome.WORKER_LOST:
            return TrialState.FAIL
        if self in (Outcome.CANCELLED, Outcome.CUT_SHORT):
            return TrialState.STOPPED
        return TrialState.PRUNED

    @property
    def caused_by_parameters(self) -> bool:
        """If not, the ending says nothing about them and is kept from every decision."""
        return self.state in (TrialState.COMPLETE, TrialState.PRUNED)


class ByValue:
    """Equal where every field is, NaN to NaN: two trials that diverged alike are the same.

    What a dataclass generates asks whether two NaN are the same object up to Python 3.12, and
    takes none for equal, not even to itself, from 3.13 on.
    """

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ByValue) or type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[object, ...]:
        values = [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type] # a dataclass mixes this in
        return tuple("NaN" if _is_nan(value) else value for value in values)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


@dataclass(frozen=True, eq=False)
class Report(ByValue):
    """How good a trial was at one report point.

    step: training so far in hundredths of an epoch, comparable whatever the batch size.
    epoch: the same in epochs. value: what the objective names, on the validation part. The rest
    are all that it may name (see `Scores`); None in reports from before they were recorded, when
    `value` was always the accuracy. All of them are NaN once diverged. weights: SHA-256 of the
    network's weights; None once diverged, and in reports from before it was recorded.
    training_accuracy: on training images; None where the spec does not ask for it, and once
    diverged.
    """

    step: int
    epoch: float
    value: float
    loss: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    macro_f1: float | None = None
    weights: str | None = None
    training_accuracy: float | None = None

    @classmethod
    def at(
        cls,
        point: float,
        scores: Scores,
        objective: Objective,
        diverged_after: float | None,
        weights: str | None = None,
        training_accuracy: float | None = None,
    ) -> Self:
        """The report at a report point, in epochs.

        diverged_after: epochs of training after which the trial left the finite numbers, if it did.
        """
        return cls(
            step=step_of(point),
            epoch=point if diverged_after is None else min(point, diverged_after),
            value=scores.of(objective),
            loss=scores.loss,
            accuracy=scores.accuracy,
            balanced_accuracy=scores.balanced_accuracy,
            macro_f1=scores.macro_f1,
            weights=weights,
            training_accuracy=training_accuracy,
        )

    def confirmed_by(self, trained: "Report") -> bool:
        """Whether a training again came to the same, to the bit, in all that is recorded here."""
        absent = {
            name: getattr(self, name)
            for name in ("accuracy", "balanced_accuracy", "macro_f1", "weights")
            if getattr(self, name) is None
        }
        return self == replace(trained, **absent)


@dataclass(frozen=True)
class Origin:
    """Why a trial has these parameters.

    source: "sampler", "explore" (drawn from the whole box) or "enqueued" (the user's).
    sampler: its name, or "" where none was asked. seed: the sampler's. known: how many finished
    trials it knew.
    """

    source: str
    sampler: str
    seed: int
    known: int


@dataclass(frozen=True, eq=False)
class Ending(ByValue):
    """How and why a trial ended; enough to compute the decision again.

    step: the report point. value: the trial's at that point, as it was compared. bar: what it had
    to reach. compared: with how many values. iteration: of the first non-finite loss.
    """

    outcome: Outcome
    reason: str
    step: int | None = None
    value: float | None = None
    bar: float | None = None
    compared: int | None = None
    iteration: int | None = None


@dataclass(frozen=True)
class Trial:
    """One set of parameters and what became of it. `ending` is None while it runs."""

    number: int
    round: int
    cohort: int
    params: Mapping[str, Value]
    origin: Origin
    reports: tuple[Report, ...] = ()
    ending: Ending | None = None

    @property
    def state(self) -> TrialState:
        return TrialState.RUNNING if self.ending is None else self.ending.outcome.state

    @property
    def value(self) -> float | None:
        """The objective of a complete trial, at the end of its training."""
        complete = self.state is TrialState.COMPLETE
        return self.reports[-1].value if complete and self.reports else None

    @property
    def epochs(self) -> float:
        """Epochs of training that it took; a diverged leg counts as its report says."""
        return self.reports[-1].epoch if self.reports else 0.0

    def moved(self, report: Report | None, ending: Ending | None) -> Self:
        """With this report and this ending; those that it has already stand as they are."""
        reports = self.reports
        if report is not None and all(report.step != known.step for known in reports):
            reports = (*reports, report)
        return replace(self, reports=reports, ending=self.ending or ending)


@dataclass(frozen=True)
class TrialCost:
    """What a trial took and gave. value: of a complete one."""

    number: int
    epochs: float
    value: float | None
