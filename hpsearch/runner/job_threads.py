"""The threads that run jobs in this process: never two for one job."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hpsearch.datasets.source import DatasetSource
from hpsearch.jobs import Job
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import Engine, JobStore
from hpsearch.runner.run_control import RunControl, Stopped

STOP_TIMEOUT = 3.0  # seconds that a thread gets to stop before the rest goes on without it


@dataclass(eq=False)
class JobThread:
    """One run of a job. version: of the job as the run knows it. Times by the monotonic clock."""

    control: RunControl
    thread: threading.Thread
    version: int
    began: float = field(default_factory=time.monotonic)
    left: float | None = None  # when it was asked to leave
    stopped: float | None = None  # when it was told to stop
    error: BaseException | None = None
    seconds: float | None = None  # of running, once it has ended

    def alive(self) -> bool:
        return self.thread.is_alive()

    def stop(self) -> None:
        """Tell it to stop; does not wait."""
        if self.stopped is None:
            self.stopped = time.monotonic()
            self.control.stop()

    def leave(self) -> None:
        """Ask it to stop when nothing is in training."""
        self.left = time.monotonic()
        self.control.leave()

    def out_of_the_way(self) -> bool:
        """Whether it has ended, or had its time to: it writes nothing more in either case."""
        return not self.alive() or (
            self.stopped is not None and time.monotonic() - self.stopped > STOP_TIMEOUT
        )

    def seconds_so_far(self) -> float:
        return self.control.seconds() if self.seconds is None else self.seconds


class JobThreads:
    """All runs of this process, by the job's id. `ended` is called by each that ends."""

    def __init__(self, store: JobStore, source: DatasetSource, ended: Callable[[], None]) -> None:
        self._store = store
        self._pool = DataPool(source)
        self._ended = ended
        self._runs: dict[str, JobThread] = {}

    def get(self, job_id: str) -> JobThread | None:
        """The job's run; one that was stopped counts until its thread has ended."""
        return self._runs.get(job_id)

    def ids(self) -> tuple[str, ...]:
        """Of jobs that run and were not told to stop."""
        return tuple(key for key, run in list(self._runs.items()) if run.stopped is None)

    def runs(self) -> dict[str, JobThread]:
        """Those that were not told to stop."""
        return {key: run for key, run in self._runs.items() if run.stopped is None}

    def begin(self, job: Job, engine: Engine) -> None:
        """Run a job that has no run."""
        assert job.id not in self._runs, "a job has one run at a time"
        control = RunControl(job)
        runner = JobRunner(control, self._store, self._pool, engine)
        thread = threading.Thread(
            target=self._work, args=(job.id, runner), name=f"job-{job.id}", daemon=True
        )
        self._runs[job.id] = JobThread(control, thread, job.version)
        thread.start()

    def reap(self) -> Iterator[tuple[str, JobThread]]:
        """Forget the runs whose threads have ended, one by one as they are asked for."""
        for job_id, run in list(self._runs.items()):
            if not run.alive():
                yield job_id, run
                self._runs.pop(job_id, None)

    def stop_all(self) -> None:
        """Tell all to stop, and give them STOP_TIMEOUT together."""
        for run in self._runs.values():
            run.stop()
        deadline = time.monotonic() + STOP_TIMEOUT
        for run in self._runs.values():
            run.thread.join(max(0.0, deadline - time.monotonic()))
        self._runs = {job_id: run for job_id, run in self._runs.items() if run.alive()}

    def _work(self, job_id: str, runner: JobRunner) -> None:
        run = self._runs[job_id]
        try:
            runner.run()
        except Stopped:
            pass
        except BaseException as error:
            run.error = error
        finally:
            run.seconds = run.control.seconds()
            self._ended()
