"""A search without workers: plan and decide, driven by a made-up trainer.

The order in which cohorts get on is drawn from the seed `order`, so a test can show that no
decision depends on it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from hpsearch.history import Cohort, Done, Ending, History, Outcome, Report, Trial, Wait
from hpsearch.search.ladder import step_of
from hpsearch.search.plan import plan
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value

START_LOSS = math.log(10)


@dataclass(frozen=True)
class Score:
    """What training up to a report point gives. An accuracy of NaN means that it diverged."""

    accuracy: float
    loss: float = 1.0


Trainer = Callable[[Mapping[str, Value], int, float], Score]
"""From parameters, trial number and epochs of training to a score; a pure function."""


@dataclass
class Simulation:
    """A search in progress. `run` goes on until the plan is done and returns why."""

    spec: SearchSpec
    trainer: Trainer
    order: int = 0
    history: History = field(default_factory=lambda: History(classes=10))
    most_in_flight: int = 0
    _in_flight: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = np.random.default_rng(self.order)

    def run(self, steps: int | None = None) -> Done | None:
        """Run to the end, or for so many steps of a cohort (then None)."""
        while True:
            planned = plan(self.spec, self.history)
            if isinstance(planned, Done):
                if not self._in_flight:
                    return planned
            elif isinstance(planned, Cohort):
                self._open(planned)
                if self._turns.random() < 0.5:
                    continue
            else:
                assert isinstance(planned, Wait)
                assert self._in_flight, "nothing to wait for"
            if steps is not None:
                if steps == 0:
                    return None
                steps -= 1
            if self._in_flight:
                self._step(int(self._turns.choice(sorted(self._in_flight))))

    def best(self) -> Trial:
        """The complete trial of the highest accuracy."""
        complete = [trial for trial in self.history.trials if trial.value is not None]
        return max(complete, key=lambda trial: (trial.value or 0.0, -trial.number))

    def epochs(self) -> float:
        return sum(trial.epochs for trial in self.history.trials)

    def _open(self, cohort: Cohort) -> None:
        history = self.history
        assert cohort.opens == (cohort.round.index == len(history.rounds))
        self.history = replace(
            history,
            trials=(*history.trials, *cohort.trials),
            rounds=(*history.rounds, cohort.round) if cohort.opens else history.rounds,
            enqueued=history.enqueued[cohort.taken :],
        )
        self._in_flight[cohort.index] = 0
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))

    def _step(self, cohort: int) -> None:
        """Bring one cohort to its next report point."""
        position = self._in_flight[cohort]
        running = [t for t in self.history.trials if t.cohort == cohort and t.ending is None]
        epoch = self.history.rounds[running[0].round].report_epochs[position]
        reports, facts = {}, {}
        for trial in running:
            score = self.trainer(trial.params, trial.number, epoch)
            loss = math.nan if math.isnan(score.accuracy) else score.loss
            reports[trial.number] = Report(step_of(epoch), epoch, score.accuracy, loss)
            diverged = 17 if math.isnan(score.accuracy) else None
            facts[trial.number] = LegFacts(START_LOSS, score.loss, diverged)
        endings = decide(self.spec, self.history, cohort, reports, facts)
        self._record(reports, endings)
        if len(endings) == len(running):
            del self._in_flight[cohort]
        else:
            self._in_flight[cohort] = position + 1

    def _record(self, reports: Mapping[int, Report], endings: Mapping[int, Ending]) -> None:
        trials = list(self.history.trials)
        for number, report in reports.items():
            before = trials[number]
            trials[number] = replace(
                before, reports=(*before.reports, report), ending=endings.get(number)
            )
        self.history = replace(self.history, trials=tuple(trials))


def valley(params: Mapping[str, Value], number: int, epoch: float) -> Score:
    """A surface like that of a small network: one small good region, divergence above it.

    Accuracy rises with training; a little noise per trial. Best near a learning rate of 0.2 and a
    weight decay of 0.001; it diverges where their product or the rate is too large.
    """
    rate, decay = float(params["learning_rate"]), float(params["weight_decay"])
    if rate > 1.0 or rate * decay > 2.0:
        return Score(math.nan)
    distance = abs(math.log10(rate / 0.2)) + 0.7 * math.log10(max(decay, 1e-3) / 1e-3)
    quality = math.exp(-(distance**2) / 2) * (1 - math.exp(-1.5 * epoch))
    noise = 0.02 * math.sin(12.9898 * number + 78.233)
    accuracy = min(0.99, max(0.1, 0.1 + 0.88 * quality + noise * quality))
    return Score(accuracy, START_LOSS * (1.001 - quality))


def lost(trial: Trial) -> Trial:
    """The trial as it ends when its worker dies."""
    return replace(trial, ending=Ending(Outcome.WORKER_LOST, "worker lost: 3 workers died"))
