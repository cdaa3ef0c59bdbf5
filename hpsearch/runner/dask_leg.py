"""A leg on Dask: a future of its state, which stays on the worker, and one of its report."""

import logging
import threading
import uuid
from asyncio import CancelledError
from collections.abc import Callable

from distributed import Client, Future, KilledWorker
from distributed.client import ClosedClientError, FutureCancelledError

from hpsearch.datasets.values import Split
from hpsearch.environment import PORTABLE
from hpsearch.errors import AnswerRefused, EngineLost, WorkerLost
from hpsearch.runner.leg_board import LegBoard
from hpsearch.runner.ports import Inbox, LegDone, LegFailed, LegLanded, LegResult
from hpsearch.runner.worker_answers import read_report
from hpsearch.runner.worker_tasks import Conditions, Trained, report_of, train
from hpsearch.training.leg import LegTask

TRIES = 3  # workers that may die under a leg before the leg is taken as the cause
PINNED = {PORTABLE: 1}  # what a worker that is pinned has, and a leg that asks for it takes
GONE = "the connection to the scheduler was lost"

# What calls of Dask raise if the scheduler is gone, the client closes, or both at once.
OUTAGES = (
    *(OSError, TimeoutError, ValueError, RuntimeError),
    *(ClosedClientError, CancelledError, FutureCancelledError),
)

log = logging.getLogger(__name__)


class DaskData:
    """Implements `Data`."""

    def __init__(self, future: Future[Split]) -> None:
        self.future = future

    def release(self) -> None:
        self.future.release()


class DaskLeg:
    """Implements `Leg`. `changed` is called when the board changed: another leg may start."""

    def __init__(
        self,
        board: "LegBoard[DaskLeg]",
        changed: Callable[[], None],
        task: LegTask,
        data: DaskData,
        previous: "DaskLeg | None",
        inbox: Inbox,
    ) -> None:
        self._board = board
        self._changed = changed
        self.task = task
        self.data = data
        self._previous = previous
        self._inbox = inbox
        self._lock = threading.Lock()
        self._released = False
        self._lost = False
        self.trained: Future[Trained] | None = None
        self.weights: str | None = None  # of its report, once it landed
        self._report: Future[bytes] | None = None

    def start(self, client: Client, conditions: Conditions) -> None:
        """Send it to the workers."""
        with self._lock:
            if self._released:
                return
            try:
                self._send(client, conditions)
            except OUTAGES:
                log.debug("a leg could not be sent", exc_info=True)
                self._land(LegFailed(EngineLost(GONE)))

    def _send(self, client: Client, conditions: Conditions) -> None:
        key = f"leg-{uuid.uuid4().hex}"
        state = None if self._previous is None else self._previous.trained
        self.trained = client.submit(
            *(train, self.task, self.data.future, state, conditions),
            key=key,
            resources=PINNED if conditions.portable else None,
        )
        self._report = client.submit(report_of, self.trained, key=f"report-{key}", priority=1)
        # A worker is free as soon as it has trained: its report and its next leg pass each other.
        self.trained.add_done_callback(self._on_trained)
        self._report.add_done_callback(self._on_report)

    def release(self) -> None:
        """Give it up, with its state."""
        with self._lock:
            self._released = True
            if self._report is not None:
                self._report.release()
            if self.trained is not None:
                self.trained.release()
        self._board.remove(self)
        self._changed()

    def look_again(self) -> None:
        """Listen again for a report that was lost.

        Dask calls back at once while a report is lost: asked from there, again and again, it would
        be busy with nothing else until the leg has been trained again.
        """
        report = self._report
        if self._lost and report is not None and report.status != "lost":
            self._lost = False
            report.add_done_callback(self._on_report)

    def blamed_for(self) -> str | None:
        """The worker whose death, the last of TRIES, Dask blames on this leg or one before it."""
        error = None if self._report is None else _error(self._report)
        if not isinstance(error, KilledWorker) or error.task == self.data.future.key:
            return None
        return str(error.last_worker.address)

    def _on_trained(self, trained: Future[Trained]) -> None:
        if trained is self.trained:
            self._board.trained(self)
            self._changed()

    def _on_report(self, report: Future[bytes]) -> None:
        if report is not self._report:
            return  # of an attempt before this one
        if report.status == "pending":
            report.add_done_callback(self._on_report)
            return
        if report.status == "lost":  # it died with its worker; Dask makes it again
            self._lost = True
            return
        try:
            self._take(report)
        except OUTAGES as error:
            log.debug("a leg's report was lost on the way: %r", error)
            self._land(LegFailed(EngineLost(GONE)))
        self._changed()

    def _take(self, report: Future[bytes]) -> None:
        if report.status == "finished":
            self._read(report)
            return
        error = _error(report)
        worker = self.blamed_for()
        if worker is None:
            self._land(LegFailed(self._failure(error)))
        elif self._board.is_cause(self, worker):
            self._land(LegFailed(WorkerLost(TRIES)))
        else:
            self._board.doubt(self)

    def _read(self, report: Future[bytes]) -> None:
        try:
            found = read_report(plain(report), self.task)
        except AnswerRefused as error:
            log.warning("a leg of trial %d: %s", self.task.trial, error)
            self._land(LegFailed(error))
            return
        if found.stopped:  # Dask took the order to stop back after the leg had heard it
            self._board.retry(self)
        else:
            self.weights = found.weights
            self._land(LegDone(found))

    def _failure(self, error: BaseException | None) -> BaseException:
        if isinstance(error, KilledWorker):
            return EngineLost(f"{TRIES} workers died with the data set of a job in hand")
        return EngineLost(GONE) if error is None else error

    def _land(self, result: LegResult) -> None:
        self._board.remove(self)
        if not self._released:
            self._previous = None
            self._inbox.put(LegLanded(self, result))


def plain(asked: Future[bytes], timeout: float | None = None) -> object:
    """What a worker answered; raises AnswerRefused where Dask would have to unpickle it."""
    try:
        return asked.result(timeout=timeout)
    except TypeError as error:
        raise AnswerRefused(f"it is not plain data: {error}") from None


def _error(future: Future[bytes]) -> BaseException | None:
    """What it failed with; does not wait for one that may yet fail."""
    error: BaseException | None = future.exception() if future.status == "error" else None
    return error
