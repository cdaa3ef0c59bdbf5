"""Runs one job: plan, train, decide, record, until the plan says that it is done."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import split_for
from hpsearch.errors import DatabaseUnavailable, EngineUnavailable
from hpsearch.history import Cohort, Done, Ending, History, TrialState, Wait
from hpsearch.jobs import DataHashes, Job, JobState
from hpsearch.runner.cohort_run import CohortRun
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Engine, JobStore, LegResult
from hpsearch.search.plan import plan
from hpsearch.search.pruning import decide

RETRY_INTERVAL = 1.0  # seconds between attempts while the database is away

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Stopped(Exception):
    """The runner was told to stop; the job goes on later from what is recorded."""


@dataclass(frozen=True)
class _Landed:
    run: CohortRun
    number: int
    result: LegResult


@dataclass(frozen=True)
class _Changed:
    """The job changed, or is to stop: look at it again."""


class JobRunner:
    """One thread's work on one job.

    All that it knows is recorded before it is acted on, so it may be dropped at any moment and
    built again from the store. It holds the only copy of nothing but weights, and those are
    trained again to the same bits.
    """

    def __init__(
        self, job: Job, store: JobStore, source: DatasetSource, engine: Engine, share: Share
    ) -> None:
        self.job = job
        self._store = store
        self._source = source
        self._engine = engine
        self._share = share
        self._inbox: queue.Queue[_Landed | _Changed] = queue.Queue()
        self._stop = threading.Event()
        self._history = History()
        self._runs: dict[int, CohortRun] = {}
        self._earlier = job.seconds
        self._clock_start = time.monotonic()

    def run(self) -> None:
        """Work until the job ends (it is then recorded so) or `stop` is called (raises Stopped)."""
        data: Data | None = None
        try:
            job = self.job
            self._persist(lambda: self._store.start(job.id, self._engine.environment()))
            dataset = self._source.load(job.spec.dataset.name)
            parts = split_for(job.spec, dataset)
            hashes = DataHashes(dataset.sha256, parts.indices_sha256)
            self._persist(lambda: self._store.record_data(job.id, hashes))
            history = self._persist(lambda: self._store.history(job.id))
            self._history = replace(
                history, baseline=Baseline.of(parts.validation.labels, parts.classes)
            )
            data = self._engine.load(parts)
            self._clock_start = time.monotonic()
            self._resume(data, len(parts.training))
            self._work(data, len(parts.training))
        finally:
            for run in self._runs.values():
                run.release()
            if data is not None:
                data.release()

    def stop(self) -> None:
        """Make `run` return soon, from any thread; what is in training is given up."""
        self._stop.set()
        self._inbox.put(_Changed())

    def change(self, job: Job) -> None:
        """Go on with the job as it is now, from any thread."""
        self.job = job
        self._share.weight = job.priority
        self._inbox.put(_Changed())

    def seconds(self) -> float:
        """Seconds of running so far, earlier starts included."""
        return self._earlier + time.monotonic() - self._clock_start

    def _work(self, data: Data, images: int) -> None:
        plan_again = True
        while not (plan_again and self._plan(data, images)):
            try:
                message = self._inbox.get(timeout=self._seconds_left())
            except queue.Empty:
                plan_again = True  # the plan sees that the seconds are up
                continue
            if self._stop.is_set():
                raise Stopped
            plan_again = self._land(message, data) if isinstance(message, _Landed) else True

    def _plan(self, data: Data, images: int) -> bool:
        """Start all cohorts that may start now; True where the job has ended."""
        while True:
            enqueued = self._persist(lambda: self._store.enqueued(self.job.id))
            self._history = replace(self._history, enqueued=enqueued, seconds=self.seconds())
            planned = plan(self.job.spec, self._history)
            if isinstance(planned, Cohort):
                self._open(planned, data, images)
            elif isinstance(planned, Wait):
                return False
            elif self._end(planned):
                return True

    def _open(self, cohort: Cohort, data: Data, images: int) -> None:
        self._persist(lambda: self._store.open_cohort(self.job.id, cohort, self.seconds()))
        self._history = self._history.opened(cohort)
        self._start(CohortRun(cohort, self.job.spec, images), data)

    def _resume(self, data: Data, images: int) -> None:
        """Bring the cohorts that were in training back to where they were."""
        flying = {t.cohort for t in self._history.trials if t.state is TrialState.RUNNING}
        for index in sorted(flying):
            trials = tuple(trial for trial in self._history.trials if trial.cohort == index)
            cohort = Cohort(index, self._history.rounds[trials[0].round], trials)
            self._start(CohortRun.resumed(cohort, self.job.spec, images), data)

    def _start(self, run: CohortRun, data: Data) -> None:
        self._runs[run.cohort.index] = run
        self._submit(run, data)

    def _submit(self, run: CohortRun, data: Data) -> None:
        def landed(number: int, result: LegResult) -> None:
            self._inbox.put(_Landed(run, number, result))

        run.submit(self._engine, data, self._share, landed)

    def _land(self, message: _Landed, data: Data) -> bool:
        """Take what a leg brought; True where its cohort has finished with it."""
        run = message.run
        run.take(message.number, message.result)
        if not run.arrived():
            return False
        ended = self._compare(run) if run.replaying() else self._decide(run)
        run.advance(ended)
        if run.cohort.trials:
            self._submit(run, data)
            return False
        del self._runs[run.cohort.index]
        return True

    def _decide(self, run: CohortRun) -> Mapping[int, Ending]:
        step = run.step()
        judged = decide(self.job.spec, self._history, run.cohort.index, step.reports, step.facts)
        endings = {**judged, **step.failures}
        self._persist(
            lambda: self._store.record(self.job.id, step.reports, endings, self.seconds())
        )
        self._history = self._history.recorded(step.reports, endings)
        return endings

    def _compare(self, run: CohortRun) -> Mapping[int, Ending]:
        """Compare a report that was trained again with the one on record, which stands."""
        step = run.step()
        for number, report in step.reports.items():
            before = self._history.trials[number].reports[run.position]
            if not before.confirmed_by(report):
                log.warning(
                    "job %s, trial %d: trained again, %s came out as %s; "
                    "was the job started on another kind of processor?",
                    self.job.id,
                    number,
                    before,
                    report,
                )
        if step.failures:
            self._persist(
                lambda: self._store.record(self.job.id, {}, step.failures, self.seconds())
            )
            self._history = self._history.recorded({}, step.failures)
        return step.failures

    def _end(self, done: Done) -> bool:
        """End the job, unless its user has given it another budget meanwhile."""
        job, state = self.job, JobState.FAILED if done.failed else JobState.COMPLETED
        seconds = self.seconds()
        ended = self._persist(
            lambda: self._store.end(job.id, state, done.reason, seconds, job.spec.budget)
        )
        if not ended:
            self.job = self._persist(lambda: self._store.job(job.id))
        return ended

    def _seconds_left(self) -> float | None:
        budget = self.job.spec.budget.seconds
        return None if budget is None else max(0.0, budget - self.seconds())

    def _persist(self, write: Callable[[], Result]) -> Result:
        """Call the store until the database is there; raises Stopped when told to stop."""
        while True:
            try:
                return write()
            except (DatabaseUnavailable, EngineUnavailable) as error:
                log.warning("job %s waits: %s", self.job.id, error)
                if self._stop.wait(RETRY_INTERVAL):
                    raise Stopped from error
