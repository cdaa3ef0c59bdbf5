"""What the dispatcher asks of a job's thread, and the clock of its running."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from hpsearch.errors import DatabaseUnavailable, EngineUnavailable
from hpsearch.jobs import Job
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import LegLanded

RETRY_INTERVAL = 1.0  # seconds between attempts while the database or the workers are away

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Stopped(Exception):
    """The runner was told to stop; the job goes on later from what is recorded."""


class Changed:
    """A message without content: look again at what is asked."""


class RunControl:
    """One run of a job, as others see it. Safe to use from several threads.

    job: as it is now; read it once for each decision, it may be replaced at any moment.
    inbox: results of legs, and word that something changed.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.share = Share(job.priority)
        self.inbox: queue.Queue[LegLanded | Changed] = queue.Queue()
        self.leaving = False
        self._stop = threading.Event()
        self._seconds_before = job.seconds
        self._started: float | None = time.monotonic()

    def stop(self) -> None:
        """Make the run return soon; what is in training is given up."""
        self._stop.set()
        self.inbox.put(Changed())

    def leave(self) -> None:
        """Make the run return as soon as it has no trial in training, and begin none."""
        self.leaving = True
        self.inbox.put(Changed())

    def change(self, job: Job) -> None:
        """Go on with the job as it is now."""
        self.job = job
        self.share.weight = job.priority
        self.inbox.put(Changed())

    def seconds(self) -> float:
        """Seconds of running so far, earlier runs included."""
        started = self._started
        return self._seconds_before + (0.0 if started is None else time.monotonic() - started)

    def start_clock(self) -> None:
        """Begin to count: what came before was preparation."""
        self._started = time.monotonic()

    def stop_clock(self) -> None:
        """Count no further: what comes now is not of the search's budget."""
        self._seconds_before, self._started = self.seconds(), None

    def next_message(self, timeout: float | None) -> LegLanded | Changed:
        """Wait for a message, at most `timeout` seconds; raises Stopped."""
        try:
            message = self.inbox.get(timeout=timeout)
        except queue.Empty:
            message = Changed()
        self.check()
        return message

    def check(self) -> None:
        """Raises Stopped if the run was told to stop."""
        if self._stop.is_set():
            raise Stopped

    def patiently(self, call: Callable[[], Result]) -> Result:
        """Call the store or the engine until it is there; raises Stopped when told to stop.

        So nothing is written by a run that was told to stop before.
        """
        while True:
            self.check()
            try:
                return call()
            except (DatabaseUnavailable, EngineUnavailable) as error:
                log.warning("job %s waits: %s", self.job.id, error)
                self._stop.wait(RETRY_INTERVAL)
