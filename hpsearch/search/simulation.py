"""A search in one thread: plan and decide, driven by any trainer that is a plain function.

Tests run it with a made-up trainer, by the thousand; the benchmark of search quality with the real
one. The cohorts in flight take turns as a number of workers would let them: the oldest first, or
drawn from the seed `order`, so that a test can show that no decision depends on it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from hpsearch.baseline import Baseline
from hpsearch.history import Cohort, Done, History, Wait
from hpsearch.scores import Scores
from hpsearch.search.plan import plan
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.trial import Report, Trial


@dataclass(frozen=True)
class Score:
    """What training up to a report point gives.

    accuracy, loss: on the validation part. diverged_at: the iteration of the first non-finite
    loss; `epoch` then says how much training that took, in epochs.
    """

    accuracy: float
    loss: float = math.nan
    first_loss: float = math.nan
    training_loss: float = math.nan
    diverged_at: int | None = None
    epoch: float = 0.0

    def scores(self) -> Scores:
        """As on classes of one size, on each of which the network is equally good."""
        return Scores(self.accuracy, self.loss, self.accuracy, self.accuracy)


Trainer = Callable[[Mapping[str, Value], int, float], Score]
"""From parameters, trial number and the epochs of training to reach, to a score."""


@dataclass
class Simulation:
    """A search in progress. `run` goes on until the plan is done and returns why."""

    spec: SearchSpec
    trainer: Trainer
    order: int | None = None
    history: History = field(default_factory=lambda: History(baseline=Baseline.balanced(10, 1500)))
    most_in_flight: int = 0
    _in_flight: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = np.random.default_rng(self.order)

    def run(self, steps: int | None = None) -> Done | None:
        """Run to the end, or until cohorts have made `steps` steps together (then None)."""
        while steps is None or steps > 0:
            planned = plan(self.spec, self.history)
            if isinstance(planned, Done) and not self._in_flight:
                return planned
            if isinstance(planned, Cohort):
                self.open(planned)
                if self.order is not None and self._turns.random() < 0.5:
                    continue
            assert self._in_flight or not isinstance(planned, Wait), "nothing to wait for"
            self.step(self._next())
            steps = None if steps is None else steps - 1
        return None

    def take_up(self) -> None:
        """Go on with a history whose running trials have no reports: train them from the start."""
        for trial in self.history.trials:
            if trial.ending is None:
                self._in_flight[trial.cohort] = 0

    def best(self) -> Trial:
        """The complete trial that is best by the objective, the first if several are."""
        upward = self.spec.objective.upward
        values = {
            trial.number: upward(trial.value)
            for trial in self.history.trials
            if trial.value is not None
        }
        return self.history.trials[max(values, key=lambda number: values[number])]

    def epochs(self) -> float:
        """Epochs of training in all."""
        return sum(trial.epochs for trial in self.history.trials)

    def _next(self) -> int:
        """The cohort in flight that reports next."""
        if self.order is None:
            return min(self._in_flight)
        return int(self._turns.choice(sorted(self._in_flight)))

    def open(self, cohort: Cohort) -> None:
        """Begin what was planned."""
        self.history = self.history.opened(cohort)
        self._in_flight[cohort.index] = 0
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))

    def next_legs(self, cohort: int) -> Iterator[tuple[Trial, float]]:
        """The trials of a cohort that train on, and up to which epoch."""
        position = self._in_flight[cohort]
        for trial in self.history.trials:
            if trial.cohort == cohort and trial.ending is None:
                yield trial, self.history.rounds[trial.round].report_epochs[position]

    def step(self, cohort: int) -> bool:
        """Bring a cohort to its next report point; whether any of its trials goes on."""
        reports, facts = {}, {}
        for trial, epoch in self.next_legs(cohort):
            score = self.trainer(trial.params, trial.number, epoch)
            diverged_after = None if score.diverged_at is None else score.epoch
            reports[trial.number] = Report.at(
                epoch, score.scores(), self.spec.objective, diverged_after
            )
            facts[trial.number] = LegFacts(score.first_loss, score.training_loss, score.diverged_at)
        endings = decide(self.spec, self.history, cohort, reports, facts)
        self.history = self.history.recorded(reports, endings)
        self._in_flight[cohort] += 1
        if len(endings) == len(reports):
            del self._in_flight[cohort]
        return cohort in self._in_flight
