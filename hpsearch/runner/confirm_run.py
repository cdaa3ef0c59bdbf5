"""The certificate under way: trains the likely best again, and scores the winner on test data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from hpsearch.baseline import Baseline
from hpsearch.datasets.final import final_split
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import fresh_split
from hpsearch.datasets.values import Dataset, Split
from hpsearch.digest import seal_of_confirmation
from hpsearch.history import Confirmation, History, Stage
from hpsearch.jobs import Job
from hpsearch.nn import network_size
from hpsearch.runner.cohort_run import CAUSES
from hpsearch.runner.ports import Data, Engine, JobStore, Leg, LegFailed, LegLanded, LegResult
from hpsearch.runner.run_control import Changed, RunControl, Stopped
from hpsearch.search.certificate import Training, candidates, remaining
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.training.tasks import leg_task
from hpsearch.trial import Report, Trial

AHEAD = 2  # splits that are with the workers together, so that no worker waits for the next


@dataclass(frozen=True)
class _Images:
    """A split that is with the workers. sizes: images to train on and to score."""

    data: Data
    sizes: tuple[int, int]
    shape: tuple[int, int, int]
    classes: int
    baseline: Baseline


@dataclass(eq=False)
class _Group:
    """Trainings on the same images, with the workers."""

    images: _Images
    legs: dict[Leg, tuple[Training, int]] = field(default_factory=dict)

    def release(self) -> None:
        for leg in self.legs:
            leg.release()
        self.images.data.release()


class ConfirmRun:
    """Trains what the certificate of a job needs; each training is recorded when it comes."""

    def __init__(
        self, control: RunControl, store: JobStore, engine: Engine, source: DatasetSource
    ) -> None:
        self._control = control
        self._store = store
        self._engine = engine
        self._source = source
        self._groups: list[_Group] = []
        self._final: _Images | None = None  # sent while the last repeats are trained

    def run(self, job: Job, history: History) -> History:
        """Until all is there, or the job has another budget by now; returns what is known then.

        The clock of the search stands still meanwhile. Raises Stopped if it was told to stop.
        """
        chosen = candidates(job.spec, history.trials)
        if not remaining(job.spec, history, chosen):
            return history
        dataset = self._source.load(job.spec.dataset.name)
        self._control.stop_clock()
        try:
            while self._control.job.spec.budget == job.spec.budget:
                self._fill(job.spec, history, chosen, dataset)
                if not self._groups:
                    break
                message = self._control.next_message(None)
                group = self._group_of(message)
                if group is not None and isinstance(message, LegLanded):
                    history = history.confirmed(self._land(group, message, job))
            return history
        finally:
            for group in self._groups:
                group.release()
            self._groups.clear()
            if self._final is not None:
                self._final.data.release()
            self._control.start_clock()

    def _fill(
        self, spec: SearchSpec, history: History, chosen: Sequence[Trial], dataset: Dataset
    ) -> None:
        """Keep the workers busy with what remains, one split after the other."""
        if self._control.leaving:
            if not self._groups:
                raise Stopped
            return
        flying = {_key(each) for group in self._groups for each, _ in group.legs.values()}
        waiting = [each for each in remaining(spec, history, chosen) if _key(each) not in flying]
        for _, together in groupby(waiting, _data_key):
            if len(self._groups) >= AHEAD and len(flying) >= self._engine.workers():
                return
            trainings = tuple(together)
            self._groups.append(self._begin(spec, trainings, dataset))
            flying |= {_key(each) for each in trainings}
        stages = {stage for stage, _, _ in flying} | {each.stage for each in history.confirmations}
        last_repeats = not waiting and len(self._groups) == 1 and Stage.TEST not in stages
        if last_repeats and self._final is None:
            self._final = self._send(final_split(spec, dataset))

    def _begin(self, spec: SearchSpec, trainings: Sequence[Training], dataset: Dataset) -> _Group:
        if trainings[0].stage is Stage.REPEAT:
            images = self._send(fresh_split(spec, dataset, trainings[0].seed))
        else:
            images = self._final or self._send(final_split(spec, dataset))
            self._final = None
        group = _Group(images)
        for order, each in enumerate(trainings):
            fresh = spec.model_copy(update={"seed": each.seed})
            task = leg_task(fresh, each.trial.params, 0, spec.epochs, images.sizes[0])
            size = network_size(task.network, images.shape, images.classes, 1)
            leg = self._engine.submit(
                task, images.data, None, self._control.share, order, self._control.inbox
            )
            group.legs[leg] = (each, size.parameters)
        return group

    def _send(self, split: Split) -> _Images:
        sizes = (len(split.training), len(split.validation))
        baseline = Baseline.of(split.validation.labels, split.classes)
        return _Images(self._engine.load(split), sizes, split.shape, split.classes, baseline)

    def _group_of(self, message: LegLanded | Changed) -> _Group | None:
        """None for a leg that the search gave up when it ended."""
        if not isinstance(message, LegLanded):
            return None
        return next((group for group in self._groups if message.leg in group.legs), None)

    def _land(self, group: _Group, landed: LegLanded, job: Job) -> Confirmation:
        training, parameters = group.legs.pop(landed.leg)
        landed.leg.release()
        if not group.legs:
            group.release()
            self._groups.remove(group)
        report, problem = _outcome(landed.result, job.spec)
        found = Confirmation(
            stage=training.stage,
            trial=training.trial.number,
            repeat=training.repeat,
            trained=group.images.sizes[0],
            scored=group.images.sizes[1],
            parameters=parameters,
            guess=group.images.baseline.constant(job.spec.objective),
            guessed_accuracy=group.images.baseline.constant(Objective.ACCURACY),
            report=report,
            problem=problem,
        )
        found = replace(found, seal=seal_of_confirmation(found))
        self._control.patiently(lambda: self._store.confirm(job.id, found))
        return found


def _outcome(result: LegResult, spec: SearchSpec) -> tuple[Report | None, str | None]:
    """A report, or why there is none; raises an error that is a fault of the service."""
    if isinstance(result, LegFailed):
        for kind, outcome in CAUSES.items():
            if isinstance(result.error, kind):
                return None, f"{outcome.value}: {result.error}"
        raise result.error
    return result.report.at(spec.epochs, spec.objective), None


def _key(training: Training) -> tuple[Stage, int, int]:
    return training.stage, training.trial.number, training.repeat


def _data_key(training: Training) -> tuple[Stage, int]:
    """Trainings with the same have the same data."""
    return training.stage, training.repeat if training.stage is Stage.REPEAT else 0
