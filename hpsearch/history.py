"""What happened in a search so far, as values: the input of every decision.

A `History` is all that the planner and the pruner may know. Storage loads it, the runner extends
it, the HTTP edge shows it; nobody changes it in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from hpsearch.baseline import Baseline
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Parameter, Value
from hpsearch.trial import ByValue, Ending, Report, Trial


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
