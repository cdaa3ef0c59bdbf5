"""Decides which jobs run, and keeps an engine under them. One thread, one decision at a time."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import (
    DatabaseUnavailable,
    EngineLost,
    EngineUnavailable,
    HpsearchError,
    LeadershipLost,
)
from hpsearch.jobs import Job, JobState, RequestedState
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.job_runner import JobRunner, Stopped
from hpsearch.runner.ports import Engine, JobStore, WriterLock

LOOK_INTERVAL = 0.5  # seconds between looks at the database
STOP_TIMEOUT = 3.0  # seconds that a job's thread gets to stop
ENGINE_RETRY_INTERVAL = 2.0  # seconds between attempts to reach the workers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """How the dispatcher is.

    leader: whether this server runs the jobs. problem: what keeps it from it, or None.
    unattended: why single jobs cannot be attended to, by id; the others do not suffer.
    """

    leader: bool
    workers: int
    running: tuple[str, ...]
    problem: str | None
    unattended: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class _Running:
    runner: JobRunner
    job: Job
    thread: threading.Thread = field(init=False)
    error: BaseException | None = None


class Dispatcher:
    """Runs all unfinished jobs of a database, as long as it holds the writer lock.

    Wishes (pause, cancel, a new budget) reach it through the database only, so they may come from
    any server. `poke` makes it look at once.
    """

    def __init__(
        self,
        store: JobStore,
        source: DatasetSource,
        make_engine: Callable[[], Engine],
        lock: WriterLock,
    ) -> None:
        self._store = store
        self._source = source
        self._make_engine = make_engine
        self._lock = lock
        self._engine: Engine | None = None
        self._engine_due = 0.0
        self._running: dict[str, _Running] = {}
        self._problem: str | None = "starting"
        self._unattended: dict[str, str] = {}
        self._leader = False
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Look at the database now, from any thread."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Stop all work; unfinished jobs go on at the next start. `timeout` in seconds."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout)

    def status(self) -> Status:
        engine = self._engine
        workers = engine.workers() if engine is not None else 0
        return Status(self._leader, workers, tuple(self._running), self._problem, self._unattended)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.clear()
                self._look()
                self._wake.wait(LOOK_INTERVAL)
        finally:
            self._stand_down("stopped")
            self._lock.release()

    def _look(self) -> None:
        try:
            self._leader = self._lock.held()
            self._leader = self._leader or self._lock.try_acquire()
            if not self._leader:
                self._stand_down("another server runs the jobs of this database; standing by")
                return
            self._reap()
            self._ensure_engine()
            self._attend_all(self._store.unfinished())
            self._problem = None
        except LeadershipLost as error:
            self._lock.release()
            self._stand_down(str(error))
        except (DatabaseUnavailable, EngineUnavailable) as error:
            self._problem = str(error)
            log.warning("cannot run jobs just now: %s", error)
        except Exception as error:
            if self._stop.is_set():
                return  # a stop takes away what a look was using
            self._problem = f"internal error: {error!r}"
            log.exception("the dispatcher met an error that it does not know; it goes on")

    def _ensure_engine(self) -> None:
        if self._engine is not None and not self._engine.lost():
            return
        self._drop_engine()
        self._problem = self._problem or "the workers were lost; looking for new ones"
        if time.monotonic() < self._engine_due:
            raise EngineUnavailable(self._problem)
        self._engine_due = time.monotonic() + ENGINE_RETRY_INTERVAL
        self._engine = self._make_engine()

    def _attend_all(self, jobs: Sequence[Job]) -> None:
        """Each job on its own: what is wrong with one keeps no other from its turn."""
        unattended = {}
        for job in jobs:
            try:
                self._attend(job)
            except (DatabaseUnavailable, EngineUnavailable, LeadershipLost):
                raise
            except Exception as error:
                known = isinstance(error, HpsearchError)
                unattended[job.id] = str(error) if known else f"internal error: {error!r}"
                if self._unattended.get(job.id) != unattended[job.id]:
                    log.warning(
                        "job %s cannot be attended to: %s", job.id, error, exc_info=not known
                    )
        self._unattended = unattended

    def _attend(self, job: Job) -> None:
        """Bring one job to what its user wants of it."""
        running = self._running.get(job.id)
        if job.wish is RequestedState.RUN:
            spec = job.spec  # raises where this version cannot read it
            if running is None:
                self._begin(job)
            elif (running.job.spec, running.job.priority) != (spec, job.priority):
                running.job = job
                running.runner.change(job)
            return
        seconds = self._halt(job.id) if running else job.seconds
        if job.wish is RequestedState.CANCEL:
            self._store.end(job.id, JobState.CANCELLED, "cancelled by user", seconds)
        elif job.state is not JobState.PAUSED:
            self._store.pause(job.id, seconds)

    def _begin(self, job: Job) -> None:
        assert self._engine is not None
        runner = JobRunner(job, self._store, self._source, self._engine, Share(job.priority))
        run = _Running(runner, job)
        run.thread = threading.Thread(
            target=self._run_job, args=(run,), name=f"job-{job.id}", daemon=True
        )
        self._running[job.id] = run
        run.thread.start()

    def _run_job(self, run: _Running) -> None:
        try:
            run.runner.run()
        except Stopped:
            pass
        except BaseException as error:
            run.error = error
        finally:
            self._wake.set()

    def _reap(self) -> None:
        """Clear away the threads that have ended, and act on why."""
        ended = {job_id: run for job_id, run in self._running.items() if not run.thread.is_alive()}
        for job_id, run in ended.items():
            if isinstance(run.error, EngineLost):
                log.warning("the workers are gone; all jobs start again on new ones: %s", run.error)
                self._drop_engine()
                return
            if isinstance(run.error, LeadershipLost):
                raise run.error
            if run.error is not None:
                self._fail(job_id, run)
            del self._running[job_id]

    def _fail(self, job_id: str, run: _Running) -> None:
        error = run.error
        if isinstance(error, HpsearchError):
            reason = str(error)
        else:
            log.error("job %s failed", job_id, exc_info=error)
            reason = f"internal error: {error!r}"
        self._store.end(job_id, JobState.FAILED, reason, run.runner.seconds())

    def _halt(self, job_id: str) -> float:
        """Stop a job's thread; returns its seconds of running."""
        run = self._running.pop(job_id)
        run.runner.stop()
        run.thread.join(STOP_TIMEOUT)
        return run.runner.seconds()

    def _drop_engine(self) -> None:
        for run in self._running.values():
            run.runner.stop()
        for job_id in tuple(self._running):
            self._halt(job_id)
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _stand_down(self, problem: str) -> None:
        self._drop_engine()
        self._leader = False
        self._unattended = {}
        self._problem = problem
