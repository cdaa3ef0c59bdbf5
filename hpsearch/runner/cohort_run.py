"""A cohort in training: who is at which report point, and what they said there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hpsearch.errors import (
    AnswerRefused,
    ImpossibleShape,
    InvalidSpec,
    LegTooLarge,
    NetworkTooLarge,
    WorkerLost,
)
from hpsearch.history import Cohort
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Engine, Inbox, Leg, LegDone, LegFailed, LegLanded
from hpsearch.search.pruning import LegFacts
from hpsearch.spec.search import SearchSpec
from hpsearch.training.leg import LegReport
from hpsearch.training.tasks import leg_task
from hpsearch.trial import Ending, Outcome, Report, step_of

CAUSES: Mapping[type[BaseException], Outcome] = {
    WorkerLost: Outcome.WORKER_LOST,
    AnswerRefused: Outcome.WORKER_LOST,
    MemoryError: Outcome.OUT_OF_MEMORY,
    NetworkTooLarge: Outcome.OUT_OF_MEMORY,
    LegTooLarge: Outcome.OUT_OF_MEMORY,
    ImpossibleShape: Outcome.IMPOSSIBLE_SHAPE,
    InvalidSpec: Outcome.IMPOSSIBLE_SHAPE,
}
"""Errors that end one trial; any other is a fault of the service and ends the job."""


@dataclass
class Step:
    """What a cohort brought to one report point, by the number of the trial."""

    reports: dict[int, Report] = field(default_factory=dict)
    facts: dict[int, LegFacts] = field(default_factory=dict)
    failures: dict[int, Ending] = field(default_factory=dict)


@dataclass(eq=False)
class CohortRun:
    """Trains a cohort leg by leg, all trials in step.

    `recorded` report points lie behind the trials already, from before a restart: they are trained
    again, to the same bits, because the weights were lost, but nobody decides about them anew.
    images: how many are in the training part; with the batch size that says how many minibatches
    an epoch has.
    """

    cohort: Cohort
    spec: SearchSpec
    images: int
    recorded: int = 0
    position: int = 0
    step: Step = field(default_factory=Step)
    _legs: dict[int, Leg] = field(default_factory=dict)
    _spent: dict[int, Leg] = field(default_factory=dict)  # where the legs in training began
    _training: dict[Leg, int] = field(default_factory=dict)  # which trial's leg it is

    @classmethod
    def resumed(cls, cohort: Cohort, spec: SearchSpec, images: int) -> "CohortRun":
        """A cohort whose running trials are brought back to where they were."""
        running = tuple(trial for trial in cohort.trials if trial.ending is None)
        recorded = min((len(trial.reports) for trial in running), default=0)
        return cls(replace(cohort, trials=running), spec, images, recorded)

    def submit(self, engine: Engine, data: Data, share: Share, inbox: Inbox) -> None:
        """Send every trial of the cohort on to the next report point."""
        self.step = Step()
        self._spent, self._legs = self._legs, {}
        for trial in self.cohort.trials:
            number = trial.number
            task = leg_task(self.spec, trial.params, number, self._epoch(), self.images)
            leg = engine.submit(task, data, self._spent.get(number), share, number, inbox)
            self._legs[number] = leg
            self._training[leg] = number

    def awaits(self, leg: Leg) -> bool:
        """Whether this is a leg of the cohort, and it has not come yet."""
        return leg in self._training

    def take(self, landed: LegLanded) -> None:
        """Keep what came of a leg; raises an error that is a fault of the service."""
        number = self._training.pop(landed.leg)
        spent = self._spent.pop(number, None)
        if spent is not None:
            spent.release()
        if isinstance(landed.result, LegFailed):
            self.step.failures[number] = self._failure(landed.result.error)
        else:
            self._keep(number, landed.result)

    def arrived(self) -> bool:
        """Whether all trials are at the report point."""
        return not self._training

    def replaying(self) -> bool:
        """Whether this report point was decided about before a restart."""
        return self.position < self.recorded

    def advance(self, ended: Mapping[int, Ending]) -> None:
        """Go on to the next report point with those that did not end."""
        for number in ended:
            self._legs.pop(number).release()
        staying = tuple(trial for trial in self.cohort.trials if trial.number not in ended)
        self.cohort = replace(self.cohort, trials=staying)
        self.position += 1

    def release(self) -> None:
        """Give up everything that is in training."""
        for leg in (*self._legs.values(), *self._spent.values()):
            leg.release()

    def _epoch(self) -> float:
        return self.cohort.round.report_epochs[self.position]

    def _keep(self, number: int, result: LegDone) -> None:
        leg: LegReport = result.report
        self.step.reports[number] = leg.at(self._epoch(), self.spec.objective)
        self.step.facts[number] = LegFacts(leg.first_loss, leg.training_loss, leg.diverged_at)

    def _failure(self, error: BaseException) -> Ending:
        for kind, outcome in CAUSES.items():
            if isinstance(error, kind):
                return Ending(outcome, f"{outcome.value}: {error}", step_of(self._epoch()))
        raise error
