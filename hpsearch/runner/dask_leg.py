"""A leg on Dask: a future of its state, which stays on the worker, and a report, which is told."""

import logging
import threading
import uuid
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.client import ClosedClientError, FutureCancelledError

from hpsearch.datasets.values import Split
from hpsearch.environment import PORTABLE
from hpsearch.errors import AnswerRefused, EngineLost, WorkerLost
from hpsearch.runner.leg_board import LegBoard
from hpsearch.runner.ports import Inbox, LegDone, LegFailed, LegLanded, LegResult
from hpsearch.runner.told_reports import ToldReports
from hpsearch.runner.worker_answers import read_report
from hpsearch.runner.worker_tasks import Conditions, Trained, report_of, train
from hpsearch.training.leg import LegTask

SHORT = 5.0  # seconds; after a shorter leg each worker is handed its next one before it is free
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
        told: ToldReports,
        changed: Callable[[], None],
        task: LegTask,
        data: DaskData,
        previous: "DaskLeg | None",
        inbox: Inbox,
    ) -> None:
        self._board = board
        self._told = told
        self._changed = changed
        self.task = task
        self.data = data
        self._previous = previous
        self._inbox = inbox
        self._lock = threading.Lock()
        self._released = False
        self._lost = False
        self._key = ""  # of this attempt
        self.worker: str | None = None  # the address that it was sent to
        self.trained: Future[Trained] | None = None
        self.weights: str | None = None  # of its report, once it landed
        self._asked: Future[bytes] | None = None  # for the report, if it was not told

    def start(self, client: Client, conditions: Conditions, worker: str | None) -> None:
        """Send it to this worker, or to any; to another one if this worker is gone."""
        with self._lock:
            if self._released:
                return
            self.worker = worker
            try:
                self._send(client, conditions)
            except OUTAGES:
                log.debug("a leg could not be sent", exc_info=True)
                self._land(LegFailed(EngineLost(GONE)))

    def _send(self, client: Client, conditions: Conditions) -> None:
        self._client, self._asked = client, None
        self._told.forget(self._key)
        self._key = f"leg-{uuid.uuid4().hex}"
        self._told.expect(self._key)
        state = None if self._previous is None else self._previous.trained
        self.trained = client.submit(
            *(train, self.task, self.data.future, state, conditions),
            key=self._key,
            workers=None if self.worker is None else [self.worker],
            allow_other_workers=self.worker is not None,
            resources=PINNED if conditions.portable else None,
        )
        self.trained.add_done_callback(self._on_trained)

    def state_at(self) -> str | None:
        """The worker that has the state from which it starts."""
        previous = self._previous
        return None if previous is None else previous.worker

    def release(self) -> None:
        """Give it up, with its state."""
        with self._lock:
            self._released = True
            if self._asked is not None:
                self._asked.release()
            if self.trained is not None:
                self.trained.release()
        self._board.remove(self)
        self._told.forget(self._key)
        self._changed()

    def look_again(self) -> None:
        """Listen again for a leg or a report that was lost.

        Dask calls back at once while a future is lost: asked from there, again and again, it would
        be busy with nothing else until the leg has been trained again.
        """
        if not self._lost:
            return
        if self._asked is not None:
            if self._asked.status != "lost":
                self._lost = False
                self._asked.add_done_callback(self._on_report)
        elif self.trained is not None and self.trained.status != "lost":
            self._lost = False
            self.trained.add_done_callback(self._on_trained)

    def blamed_for(self) -> str | None:
        """The worker whose death, the last of TRIES, Dask blames on this leg or one before it."""
        error = _error(self._asked) or _error(self.trained)
        if not isinstance(error, KilledWorker) or error.task == self.data.future.key:
            return None
        return str(error.last_worker.address)

    def _on_trained(self, trained: Future[Trained]) -> None:
        if trained is not self.trained:
            return  # of an attempt before this one
        told = self._told.of(self._key) if trained.status in ("finished", "lost") else None
        if told is None and self._awaits(trained, self._on_trained):
            return
        self._board.trained(self)
        self._changed()  # its worker is free: the next leg goes before this one is looked at
        if told is not None:
            self._conclude(lambda: self._read(lambda: told))
        elif trained.status == "finished":
            self._ask(trained)
        else:
            self._conclude(lambda: self._blame(trained))

    def _ask(self, trained: Future[Trained]) -> None:
        """For the report of a worker that did not tell it, or whose word was lost on the way."""
        try:
            asked = self._client.submit(report_of, trained, key=f"report-{self._key}", priority=1)
        except OUTAGES:
            log.debug("a report could not be asked for", exc_info=True)
            self._land(LegFailed(EngineLost(GONE)))
            return
        self._asked = asked
        asked.add_done_callback(self._on_report)

    def _on_report(self, report: Future[bytes]) -> None:
        if report is not self._asked or self._awaits(report, self._on_report):
            return
        if report.status == "finished":
            self._conclude(lambda: self._read(lambda: plain(report)))
        else:
            self._conclude(lambda: self._blame(report))

    def _awaits(self, future: "Future[Any]", listener: "Callable[[Future[Any]], None]") -> bool:
        """Whether it is still to come, and listened for."""
        if future.status == "pending":
            future.add_done_callback(listener)
            return True
        self._lost = future.status == "lost"  # with its worker; Dask makes it again
        return self._lost

    def _conclude(self, look: Callable[[], None]) -> None:
        try:
            look()
        except OUTAGES as error:
            log.debug("a leg's report was lost on the way: %r", error)
            self._land(LegFailed(EngineLost(GONE)))
        self._changed()

    def _blame(self, failed: "Future[Any]") -> None:
        """Find out why there is no report."""
        worker = self.blamed_for()
        if worker is None:
            self._land(LegFailed(self._failure(_error(failed))))
        elif self._board.is_cause(self, worker):
            self._land(LegFailed(WorkerLost(TRIES)))
        else:
            self._board.doubt(self)

    def _read(self, answer: Callable[[], object]) -> None:
        try:
            found = read_report(answer(), self.task)
        except AnswerRefused as error:
            log.warning("a leg of trial %d: %s", self.task.trial, error)
            self._land(LegFailed(error))
            return
        if found.stopped:  # Dask took the order to stop back after the leg had heard it
            self._board.retry(self)
        else:
            self.weights = found.weights
            self._board.short = found.seconds < SHORT
            self._land(LegDone(found))

    def _failure(self, error: BaseException | None) -> BaseException:
        if isinstance(error, KilledWorker):
            return EngineLost(f"{TRIES} workers died with the data set of a job in hand")
        return EngineLost(GONE) if error is None else error

    def _land(self, result: LegResult) -> None:
        self._board.remove(self)
        self._told.forget(self._key)
        if not self._released:
            self._previous = None
            self._inbox.put(LegLanded(self, result))


def plain(asked: Future[bytes], timeout: float | None = None) -> object:
    """What a worker answered; raises AnswerRefused where Dask would have to unpickle it."""
    try:
        return asked.result(timeout=timeout)
    except TypeError as error:
        raise AnswerRefused(f"it is not plain data: {error}") from None


def _error(future: "Future[Any] | None") -> BaseException | None:
    """What it failed with; does not wait for one that may yet fail."""
    if future is None or future.status != "error":
        return None
    error: BaseException | None = future.exception()
    return error
