"""Any trial's network, from no stored weights: the trial is trained again when somebody asks.

Every training is a pure function of what is recorded, so the network is the same to the bit, and so
is its file. The record says the SHA-256 of the weights at each report; what comes out different, as
it may on another kind of processor, is told apart from what does not.
"""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from hpsearch.datasets.catalogue import Catalogue
from hpsearch.errors import (
    AnswerRefused,
    EngineLost,
    EngineUnavailable,
    ModelsBusy,
    NoModel,
)
from hpsearch.jobs import Job
from hpsearch.nn import learned_shapes
from hpsearch.runner.data_pool import DataPool, Loaded
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.model_cache import Made, ModelCache
from hpsearch.runner.model_record import check_data, check_has_model, difference_of, key_of
from hpsearch.runner.ports import Engine, Leg, LegDone, LegFailed, LegLanded, LegResult
from hpsearch.runner.worker_answers import pictures_bytes
from hpsearch.training.leg import LegReport, TrainState
from hpsearch.training.model_file import model_bytes
from hpsearch.training.tasks import leg_task
from hpsearch.trial import Report, Trial

AT_ONCE = 2  # models that are trained again side by side
MAX_WAITING = 32  # with those that are trained
ENGINE_PATIENCE = 60.0  # seconds that a model waits for workers
RETRY_INTERVAL = 0.5  # seconds between looks for workers
LOOK_INTERVAL = 5.0  # seconds between looks whether the workers are still there
LEAVING = "the server is leaving"
ATTEMPTS = 5  # engines that may be lost under one model

log = logging.getLogger(__name__)


class Wanted(StrEnum):
    """What a trial is trained again for: its file, or pictures of it (see `hpsearch.inside`)."""

    MODEL = "model"
    INSIDE = "inside"


@dataclass(eq=False)
class Training:
    """A model on its way. reached, goal: epochs of training. Once `over`, it is made or failed."""

    job: Job
    trial: Trial
    wanted: Wanted
    goal: float
    reached: float = 0.0
    made: Made | None = None
    error: Exception | None = None
    inbox: "queue.Queue[LegLanded | None]" = field(default_factory=queue.Queue)

    @property
    def over(self) -> bool:
        return self.made is not None or self.error is not None


class Models:
    """Trains models again, each once however many ask. Safe to use from several threads.

    engine: that of the moment, None while there is none, as on a server that does not run the jobs.
    """

    def __init__(
        self, engine: Callable[[], Engine | None], catalogue: Catalogue, cache: ModelCache
    ) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._pool = DataPool(catalogue)
        self._cache = cache
        self._lock = threading.Lock()
        self._under_way: dict[str, Training] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="model")
        self._closing = False

    def ask(self, job: Job, trial: Trial, wanted: Wanted = Wanted.MODEL) -> Training:
        """The model, or what it looks like inside, or how far it is; waits for nothing.

        Raises NoModel, ModelsBusy, and JobNotRunnable for a job that this version cannot read. An
        error of the training is told once; who asks after that begins anew.
        """
        check_has_model(job, trial)
        names = self._class_names(job)
        key = key_of(job, trial, names, wanted is Wanted.INSIDE)
        with self._lock:
            known = self._under_way.get(key)
            if known is not None:
                if known.over:
                    del self._under_way[key]
                return known
            training = Training(job, trial, wanted, goal=trial.reports[-1].step / 100)
            training.made = self._cache.get(key)
            if training.over:
                return training
            if sum(not each.over for each in self._under_way.values()) >= MAX_WAITING:
                raise ModelsBusy(MAX_WAITING)
            self._forget_failures()
            self._under_way[key] = training
            self._threads.submit(self._work, key, training, names)
        return training

    def close(self) -> None:
        """Give up what is being trained."""
        self._closing = True
        with self._lock:
            for training in self._under_way.values():
                training.inbox.put(None)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _work(self, key: str, training: Training, names: tuple[str, ...]) -> None:
        try:
            made = self._make(training, names)
            self._cache.put(key, made)
            with self._lock:
                training.made = made
                self._under_way.pop(key, None)
        except Exception as error:
            log.warning("trial %d of job %s: %s", training.trial.number, training.job.id, error)
            training.error = error

    def _make(self, training: Training, names: tuple[str, ...]) -> Made:
        for attempt in range(ATTEMPTS):
            engine = self._wait_for_engine()
            try:
                return self._train(training, names, engine)
            except EngineLost:
                if attempt == ATTEMPTS - 1:
                    raise
                training.reached = 0.0
                time.sleep(RETRY_INTERVAL)
        raise AssertionError("the last attempt returns or raises")

    def _wait_for_engine(self) -> Engine:
        """Raises EngineUnavailable if there is none for a while."""
        deadline = time.monotonic() + ENGINE_PATIENCE
        while not self._closing:
            engine = self._engine()
            if engine is not None and not engine.lost() and engine.workers():
                return engine
            if time.monotonic() > deadline:
                raise EngineUnavailable("this server has no workers to train the model on")
            time.sleep(RETRY_INTERVAL)
        raise EngineUnavailable(LEAVING)

    def _train(self, training: Training, names: tuple[str, ...], engine: Engine) -> Made:
        job, trial = training.job, training.trial
        with self._pool.using(job, engine) as loaded:
            check_data(job, loaded)
            legs: list[Leg] = []
            try:
                difference = None
                for report in trial.reports:
                    found = self._leg(training, report, engine, loaded, legs)
                    difference = difference or difference_of(report, found)
                    if math.isnan(found.value):
                        break
                content = self._content(training, names, engine, legs[-1])
            finally:
                for leg in legs:
                    leg.release()
        if content is None:
            raise NoModel(job.id, trial.number, f"trained again, {difference}")
        return Made(content, difference, engine.environment())

    def _leg(
        self,
        training: Training,
        report: Report,
        engine: Engine,
        loaded: Loaded,
        legs: list[Leg],
    ) -> Report:
        """Train to the next report; `legs` ends with the leg that has the state."""
        job, trial = training.job, training.trial
        point = report.step / 100
        task = leg_task(job.spec, trial.params, trial.number, point, loaded.images)
        share = Share(first=True)
        leg = engine.submit(task, loaded.data, legs[-1] if legs else None, share, 0, training.inbox)
        legs.append(leg)
        result = self._await(training, leg, engine)
        if isinstance(result, LegFailed):
            raise result.error
        for spent in legs[:-1]:
            spent.release()
        del legs[:-1]
        training.reached = point
        return _report(job, point, result)

    def _await(self, training: Training, leg: Leg, engine: Engine) -> LegResult:
        """What came of a leg. Raises EngineLost, and EngineUnavailable if the server leaves."""
        while not self._closing:
            try:
                landed = training.inbox.get(timeout=LOOK_INTERVAL)
            except queue.Empty:
                if engine.lost():
                    raise EngineLost("the workers were lost under a model") from None
                continue
            if landed is not None and landed.leg is leg:
                return landed.result
        raise EngineUnavailable(LEAVING)

    def _content(
        self, training: Training, names: tuple[str, ...], engine: Engine, leg: Leg
    ) -> bytes | None:
        """What is wanted of the network that a leg came to; None if it diverged."""
        if training.wanted is Wanted.INSIDE:
            pictures = engine.inside(leg, names)
            return pictures_bytes(pictures) if pictures else None
        state = engine.network(leg)
        return None if state is None else self._file(training.job, training.trial, state, names)

    def _file(self, job: Job, trial: Trial, state: TrainState, names: tuple[str, ...]) -> bytes:
        dataset = self._catalogue.load(job.spec.dataset.name)
        network, _ = job.spec.settings_for(trial.params)
        shapes = learned_shapes(network, dataset.shape, dataset.classes)
        needed = sum(math.prod(shape) for shape in shapes.values())
        came = state.parameters.size + state.running.size
        if needed != came:
            raise AnswerRefused(f"network: {came} numbers came, not {needed}")
        return model_bytes(network, dataset.shape, dataset.classes, state, names)

    def _class_names(self, job: Job) -> tuple[str, ...]:
        facts = self._catalogue.info(job.spec.dataset.name).facts
        return facts.class_names if facts else ()

    def _forget_failures(self) -> None:
        """Those that nobody asked for again."""
        for key in [key for key, each in self._under_way.items() if each.over]:
            del self._under_way[key]


def _report(job: Job, point: float, done: LegDone) -> Report:
    leg: LegReport = done.report
    return leg.at(point, job.spec.objective)
