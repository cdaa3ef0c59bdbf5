"""What happened in a search so far, as values: the input of every decision.

A `History` is all that the planner and the pruner may know. Storage loads it, the runner extends
it, the HTTP edge shows it; nobody changes it in place.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Self

from hpsearch.baseline import Baseline
from hpsearch.scores import Scores
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Parameter, Value


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
    """

    step: int
    epoch: float
    value: float
    loss: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    macro_f1: float | None = None
    weights: str | None = None

    @classmethod
    def at(
        cls,
        point: float,
        scores: Scores,
        objective: Objective,
        diverged_after: float | None,
        weights: str | None = None,
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


@dataclass(frozen=True)
class Round:
    """One step from coarse to fine.

    ranges: what this round samples from, by parameter name. before: the previous round's ranges.
    evidence: numbers of the trials around which the ranges were drawn. reason: in words.
    advice: what the user should know, such as good values lying at the edge of the box.
    epochs: how long a trial of this round may train. report_epochs: when it reports, ascending.
    """

    index: int
    ranges: Mapping[str, Parameter]
    before: Mapping[str, Parameter]
    evidence: tuple[int, ...]
    reason: str
    epochs: float
    report_epochs: tuple[float, ...]
    advice: tuple[str, ...] = ()


class Stage(StrEnum):
    """What a training that confirms is for."""

    REPEAT = "repeat"
    TEST = "test"


@dataclass(frozen=True, eq=False)
class Confirmation(ByValue):
    """A candidate trained again, to the full length.

    stage: repeat, on a fresh split of the training data; test, on all of it, scored on the test
    data. trained, scored: images of either part. parameters: how many numbers the network learns.
    guess, guessed_accuracy: what guessing scores there by the objective, and its accuracy: what a
    training that diverged is worth. report: None where it could not be trained, and `problem` says
    why. seal: SHA-256 of all of this; None in those from before it was recorded.
    """

    stage: Stage
    trial: int
    repeat: int
    trained: int
    scored: int
    parameters: int
    guess: float
    guessed_accuracy: float
    report: Report | None
    problem: str | None = None
    seal: str | None = None

    @property
    def key(self) -> tuple[Stage, int, int]:
        """There is at most one for each."""
        return self.stage, self.trial, self.repeat


@dataclass(frozen=True)
class DataHashes:
    """Which data a job trains on: SHA-256, in hexadecimal.

    dataset: of its images and labels. split: of the places of the images in both parts. counts: of
    how many images of each class the validation part has (`Baseline.sha256`); None in those from
    before it was recorded. As it follows from the others, data is equal with it and without.
    """

    dataset: str
    split: str
    counts: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class EarlierJob:
    """A job whose trials this one starts from, as they were when this one was created.

    spec: None if this version cannot read it. data: which it trained on; None if that was not
    recorded.
    """

    id: str
    spec: SearchSpec | None
    trials: tuple[Trial, ...]
    data: DataHashes | None = None


@dataclass(frozen=True)
class History:
    """Everything that a decision may depend on.

    trials: by number, ascending, without gaps; running ones included.
    rounds: by index, ascending. prior: earlier jobs that this one starts from.
    enqueued: parameters that the user wants tried and that no trial has taken up yet, in order.
    seconds: of running so far, pauses not counted.
    baseline: what guessing scores on the validation part; None where the data is not known.
    confirmations: of the best trials, by stage, trial and repeat.
    data: which the job trains on; None before that is known.
    """

    trials: tuple[Trial, ...] = ()
    rounds: tuple[Round, ...] = ()
    prior: tuple[EarlierJob, ...] = ()
    enqueued: tuple[Mapping[str, Value], ...] = ()
    seconds: float = 0.0
    baseline: Baseline | None = None
    confirmations: tuple[Confirmation, ...] = ()
    data: DataHashes | None = None

    def counts_hold(self) -> bool:
        """Whether the baseline is the one whose hash was recorded, if both are known."""
        if self.baseline is None or self.data is None or self.data.counts is None:
            return True
        return self.data.counts == self.baseline.sha256()

    def confirmed(self, confirmation: Confirmation) -> Self:
        """With this one; one that is there already stands."""
        known = {each.key: each for each in (confirmation, *self.confirmations)}
        return replace(self, confirmations=tuple(known[key] for key in sorted(known)))

    def opened(self, cohort: "Cohort") -> Self:
        """With the cohort's trials running, its round if it opens one, and what it took up."""
        return replace(
            self,
            trials=(*self.trials, *cohort.trials),
            rounds=(*self.rounds, cohort.round) if cohort.opens else self.rounds,
            enqueued=self.enqueued[cohort.taken :],
        )

    def before_report(self, cohort: int, position: int) -> Self:
        """With the first `position` reports of this cohort's trials only.

        Some may have one more already, which nobody has decided about yet.
        """
        trials = (
            replace(each, reports=each.reports[:position]) if each.cohort == cohort else each
            for each in self.trials
        )
        return replace(self, trials=tuple(trials))

    def recorded(self, reports: Mapping[int, Report], endings: Mapping[int, Ending]) -> Self:
        """With what trials (by number) reported, and how trials ended.

        A report of a step that is there already is left out; an ended trial stays as it ended.
        """
        trials = list(self.trials)
        for number in {*reports, *endings}:
            trials[number] = trials[number].moved(reports.get(number), endings.get(number))
        return replace(self, trials=tuple(trials))


@dataclass(frozen=True)
class Cohort:
    """Trials to train side by side, in step: all report, the pruner decides, the survivors go on.

    opens: whether its round begins with it; otherwise it belongs to the last one.
    taken: how many of the history's enqueued parameters these trials took up.
    """

    index: int
    round: Round
    trials: tuple[Trial, ...]
    opens: bool = False
    taken: int = 0


@dataclass(frozen=True)
class Wait:
    """Nothing can be planned until a cohort in flight has finished."""


TOO_MANY_FAILURES = "too many failures"
"""Why a search fails by itself; a job that failed for any other reason may go on."""


@dataclass(frozen=True)
class Done:
    """The search is over. failed: it ended because too many trials failed."""

    reason: str
    failed: bool = False


Plan = Cohort | Wait | Done
