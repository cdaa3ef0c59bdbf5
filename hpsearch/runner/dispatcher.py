"""Decides which jobs run, and keeps an engine under them. One thread, one decision at a time."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import (
    DatabaseUnavailable,
    EngineLost,
    HpsearchError,
    JobStateConflict,
    LeadershipLost,
)
from hpsearch.jobs import JobState, RequestedState
from hpsearch.runner.engine_keeper import EngineKeeper
from hpsearch.runner.job_queue import JobQueue
from hpsearch.runner.job_threads import JobThread, JobThreads
from hpsearch.runner.ports import Engine, JobStore, UnfinishedJob, WriterLock
from hpsearch.search import sobol

LOOK_INTERVAL = 0.5  # seconds between looks at the database
RUNNING_JOBS = 4  # started at the same time, unless told otherwise

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


class Dispatcher:
    """Runs the unfinished jobs of a database, as long as it holds the writer lock.

    At most `places` of them are started, and `places_per_owner` of one owner with a token; the
    others wait, and all have their turn. Wishes (pause,
    cancel, a new budget) reach it through the database only, so they may come from any server.
    `poke` makes it look at once.
    """

    def __init__(
        self,
        store: JobStore,
        source: DatasetSource,
        make_engine: Callable[[], Engine],
        lock: WriterLock,
        places: int = RUNNING_JOBS,
        places_per_owner: int | None = None,
    ) -> None:
        self._store = store
        self._lock = lock
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._keeper = EngineKeeper(make_engine, self.poke)
        self._threads = JobThreads(store, source, self.poke)
        self._queue = JobQueue(store, source, self._threads, places, places_per_owner)
        self._problem: str | None = "starting"
        self._unattended: dict[str, str] = {}
        self._leader = False
        self._prepared = False
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

    def engine(self) -> Engine | None:
        """The engine of this moment, for what is no job."""
        return self._keeper.engine

    def status(self) -> Status:
        engine = self._keeper.engine
        workers = engine.workers() if engine is not None else 0
        running = self._threads.ids()
        return Status(self._leader, workers, running, self._problem, self._unattended)

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
            if self._lock.try_acquire():
                self._leader = True
                self._problem = self._attend()
            else:
                self._stand_down("another server runs the jobs of this database; standing by")
        except LeadershipLost as error:
            log.warning("%s; it stands by", error)
            self._lock.release()
            self._stand_down(str(error))
        except DatabaseUnavailable as error:
            self._problem = str(error)
            log.warning("cannot run jobs just now: %s", error)
        except Exception as error:
            if self._stop.is_set():
                return  # a stop takes away what a look was using
            self._problem = f"internal error: {error!r}"
            log.exception("the dispatcher met an error that it does not know; it goes on")

    def _attend(self) -> str | None:
        """Bring all jobs to what their users want; returns what keeps jobs from running.

        Wishes come first: they need no workers. Each job is attended to on its own: what is wrong
        with one keeps no other from its turn.
        """
        jobs = self._store.unfinished()
        noted: dict[str, str] = {}
        for job in jobs:
            with self._noting(job.id, noted):
                self._follow_wish(job)
        self._reap()
        engine = self._engine()
        if not self._prepared:  # while the workers start, which is work of other processes
            self._prepared = True
            threading.Thread(target=sobol.prepare, name="prepare", daemon=True).start()
        for job in jobs:
            with self._noting(job.id, noted):
                self._pass_changes_on(job)
        self._attend_queue(jobs, engine, noted)
        self._unattended = noted
        return self._keeper.problem

    def _attend_queue(
        self, jobs: Sequence[UnfinishedJob], engine: Engine | None, noted: dict[str, str]
    ) -> None:
        """Start those whose turn it is."""
        queue = self._queue
        queue.look(jobs, can_start=engine is not None)
        for job in queue.next():
            with self._noting(job.id, noted):
                queue.try_to_start(job, engine)
        queue.make_room()
        noted.update(queue.not_runnable())

    @contextmanager
    def _noting(self, job_id: str, noted: dict[str, str]) -> Iterator[None]:
        """Note what is wrong with one job, log it once, and go on."""
        try:
            yield
        except (DatabaseUnavailable, LeadershipLost):
            raise
        except Exception as error:
            known = isinstance(error, HpsearchError)
            noted[job_id] = str(error) if known else f"internal error: {error!r}"
            if self._unattended.get(job_id) != noted[job_id]:
                text = "job %s cannot be attended to: %s"
                log.warning(text, job_id, error, exc_info=not known)

    def _follow_wish(self, job: UnfinishedJob) -> None:
        """Stop a job that is not to run, and record that it is."""
        paused = job.wish is RequestedState.PAUSE
        if job.wish is RequestedState.RUN or (paused and job.state is JobState.PAUSED):
            return
        run = self._threads.get(job.id)
        if run is not None:
            run.stop()
            if not run.out_of_the_way():
                return  # it calls when it has ended
        seconds = job.seconds if run is None else run.seconds_so_far()
        try:
            if paused:
                self._store.pause(job.id, seconds)
            else:
                self._store.end(job.id, JobState.CANCELLED, "cancelled by user", seconds)
        except JobStateConflict:
            log.debug("job %s ended by itself before it could be stopped", job.id)

    def _pass_changes_on(self, job: UnfinishedJob) -> None:
        """Tell a run of another budget or priority."""
        run = self._threads.get(job.id)
        if run is None or run.stopped is not None or run.version == job.version:
            return
        now = self._store.job(job.id)
        run.version = job.version
        before = run.control.job
        if (before.spec, before.priority) != (now.spec, now.priority):
            run.control.change(now)

    def _engine(self) -> Engine | None:
        engine = self._keeper.ask()
        if engine is not None and engine.lost():
            self._drop_engine("the workers were lost; looking for new ones")
            engine = None
        return engine

    def _reap(self) -> None:
        """Clear away the runs that have ended, and act on why."""
        lost: EngineLost | None = None
        for job_id, run in self._threads.reap():
            if isinstance(run.error, LeadershipLost):
                raise run.error
            if isinstance(run.error, EngineLost):
                lost = run.error
            elif run.stopped is None:
                self._conclude(job_id, run)
        if lost is not None:
            log.warning("the workers are gone; all jobs start again on new ones: %s", lost)
            self._drop_engine(f"the workers were lost ({lost}); looking for new ones")

    def _conclude(self, job_id: str, run: JobThread) -> None:
        """Record what became of a run that nobody told to stop."""
        if run.error is None:
            if run.left is not None:
                self._queue.take_back(job_id, run.seconds_so_far())
            return
        if isinstance(run.error, HpsearchError):
            reason = str(run.error)
        else:
            log.error("job %s failed", job_id, exc_info=run.error)
            reason = f"internal error: {run.error!r}"
        self._store.end(job_id, JobState.FAILED, reason, run.seconds_so_far())

    def _drop_engine(self, problem: str | None = None) -> None:
        self._threads.stop_all()
        self._keeper.drop(problem)

    def _stand_down(self, problem: str) -> None:
        self._drop_engine()
        self._leader = False
        self._unattended = {}
        self._problem = problem
