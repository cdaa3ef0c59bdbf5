"""The engine on Dask `distributed`: workers of this machine, or a cluster elsewhere."""

import contextlib
import logging
import threading
import uuid
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import dask
import psutil
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Security,
    Status,
)
from distributed.client import ClosedClientError, FutureCancelledError

from hpsearch.datasets.values import Split
from hpsearch.environment import PORTABLE
from hpsearch.errors import EngineLost, EngineUnavailable, WorkerLost
from hpsearch.portable import pin
from hpsearch.runner.fair_queue import FairQueue, Share
from hpsearch.runner.fork_server import start_fork_server
from hpsearch.runner.ports import Data, Leg, LegDone, LegFailed, LegResult
from hpsearch.runner.worker_tasks import Trained, keep, report_of, train, worker_environment
from hpsearch.training.leg import LegReport, LegTask

TRIES = 3  # workers that may die under a leg before the leg is held to be the cause
RECOUNT_INTERVAL = 0.5  # seconds between looks at how many workers there are
CONNECT_TIMEOUT = 10  # seconds
CLOSE_TIMEOUT = 1.5  # seconds that the connection, and the workers, get to close by themselves
SILENCE_LIMIT = "20s"  # a worker that says nothing for so long is given up, its legs go elsewhere

# Defaults only: Dask's own configuration (DASK_… variables, its YAML files) goes before them.
DEFAULTS = {
    "distributed": {
        "scheduler": {"allowed-failures": TRIES - 1, "worker-ttl": SILENCE_LIMIT},
        "admin": {"large-graph-warning-threshold": "10GB"},
        "comm": {"timeouts": {"connect": f"{CONNECT_TIMEOUT}s"}},
        # Dask's own profiler takes a tenth of the time of a leg.
        "worker": {"multiprocessing-method": "forkserver", "profile": {"enabled": False}},
        # Dask looks once, this long after a local worker died. Where it is away at that moment,
        # because it died again or starts slowly, Dask would give it up for good.
        "deploy": {"lost-worker-timeout": "1000 days"},
    }
}
PINNED = {PORTABLE: 1}  # what a worker that is pinned has, and a leg that asks for it takes
HOW_TO_PIN = "start workers with `hpsearch worker --portable`"

GIVEN_UP = (Status.closing, Status.closed, Status.failed)  # of what restarts a local worker
GONE = "the connection to the scheduler was lost"

# What calls of Dask raise where the scheduler is gone, the client closes, or both at once.
OUTAGES = (
    *(OSError, TimeoutError, ValueError, RuntimeError),
    *(ClosedClientError, CancelledError, FutureCancelledError),
)

log = logging.getLogger(__name__)


class DaskEngine:
    """Implements `Engine`.

    No more legs are given to Dask than there are workers to train them. So whose turn it is stays
    our decision until a worker is free, giving up a leg that waits costs nothing, and a worker that
    dies is seldom held against a leg that it was not training. Where Dask does blame several legs
    for one death, they begin again, one at a time: the one that is blamed again is the cause.
    """

    def __init__(
        self, client: Client, cluster: LocalCluster | None = None, portable: bool = False
    ) -> None:
        self._client = client
        self._cluster = cluster
        self.portable = portable
        self._refused: set[str] = set()  # workers that are not pinned
        self._lock = threading.RLock()
        self._turns: FairQueue[_DaskLeg] = FairQueue()
        self._flying: set[_DaskLeg] = set()  # each holds a worker
        self._landing: set[_DaskLeg] = set()  # trained or failed; the report is on its way
        self._doubted: deque[_DaskLeg] = deque()  # to begin again
        self._shared: set[str] = set()  # workers for whose death several legs are blamed
        self._slots = 0
        self._known: set[str] = set()
        self._losses = 0
        self._closed = threading.Event()
        self._recount()
        threading.Thread(target=self._keep_counting, name="worker-count", daemon=True).start()

    @classmethod
    def local(cls, workers: int, folder: Path, portable: bool = False) -> Self:
        """Start `workers` processes on this machine, reachable from loopback with our key only.

        What they write for a while lies in `folder`. portable: pinned, see hpsearch.portable.
        """
        _prepare()
        if portable:
            pin()
        start_fork_server()
        security = Security.temporary()
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                protocol="tls://",
                security=security,
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,  # what matters of them comes back as results
                local_directory=str(folder),
                resources=PINNED if portable else None,
            )
            client = Client(cluster, security=security, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(f"the local workers cannot be started: {error}") from error
        return cls(client, cluster, portable)

    @classmethod
    def remote(cls, address: str, security: Security | None = None, portable: bool = False) -> Self:
        """Use the cluster whose scheduler listens at `address`; raises EngineUnavailable.

        portable: only its workers that say that they are pinned.
        """
        _prepare()
        try:
            client = Client(
                address, security=security, set_as_default=False, timeout=CONNECT_TIMEOUT
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineUnavailable(
                f"no Dask scheduler answers at {address}: {error}; is it running?"
            ) from error
        return cls(client, portable=portable)

    def load(self, split: Split) -> Data:
        try:
            return _DaskData(self._client.submit(keep, split, pure=False, priority=1))
        except OUTAGES as error:
            raise EngineLost(GONE) from error

    def submit(
        self,
        task: LegTask,
        data: Data,
        previous: Leg | None,
        share: Share,
        order: int,
        done: Callable[[LegResult], None],
    ) -> Leg:
        if not isinstance(data, _DaskData) or not isinstance(previous, _DaskLeg | None):
            raise TypeError("data and legs of one engine cannot be used with another")
        leg = _DaskLeg(self, task, data, previous, done)
        with self._lock:
            self._turns.add(leg, share, order)
        self._fill()
        return leg

    def workers(self) -> int:
        return self._slots

    def waiting(self) -> int:
        """How many legs wait for a worker."""
        return len(self._turns) + len(self._doubted)

    def flying(self) -> int:
        """How many legs are with workers."""
        return len(self._flying)

    def lost(self) -> bool:
        """Dask cancels every future when the connection is lost, even where it comes back.

        A local worker that is not started again any more counts as a loss of all.
        """
        if str(self._client.status) != "running":
            return True
        guards = [] if self._cluster is None else list(self._cluster.workers.values())
        return any(guard.status in GIVEN_UP for guard in guards)

    def losses(self) -> int:
        """How many workers went away so far."""
        return self._losses

    def environment(self) -> Mapping[str, str]:
        """Of any one worker; asked beside its legs, so it answers while it trains."""
        try:
            workers = list(self._threads())
            found = self._client.run(worker_environment, workers=workers[:1]) if workers else {}
        except OUTAGES as error:
            raise EngineUnavailable(f"the workers do not answer: {error}") from error
        if not found:
            refused = f"; {len(self._refused)} are not pinned: {HOW_TO_PIN}"
            raise EngineUnavailable("there is no worker yet" + (refused if self._refused else ""))
        answer: Mapping[str, str] = next(iter(found.values()))
        return answer

    def close(self) -> None:
        """Stop everything that this engine started; workers that do not stop in time are killed."""
        self._closed.set()
        _patiently(lambda: self._client.close(timeout=CLOSE_TIMEOUT))
        if self._cluster is None:
            return
        cluster = self._cluster
        processes: list[int] = []
        _patiently(lambda: processes.extend(_pids(cluster)))
        _patiently(lambda: cluster.close(timeout=CLOSE_TIMEOUT))
        for pid in filter(psutil.pid_exists, processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()

    def _fill(self) -> None:
        """Give waiting legs to free workers."""
        with self._lock:
            while len(self._flying) < self._slots and (leg := self._next()) is not None:
                self._flying.add(leg)
                leg.start(self._client)

    def _next(self) -> "_DaskLeg | None":
        if self._doubted and not any(leg.doubted for leg in self._flying | self._landing):
            return self._doubted.popleft()
        return self._turns.pop() if len(self._turns) else None

    def _keep_counting(self) -> None:
        while not self._closed.wait(RECOUNT_INTERVAL):
            try:
                self._recount()
            except OUTAGES:
                self._slots = 0
                log.debug("the scheduler does not answer", exc_info=True)
            self._fill()

    def _recount(self) -> None:
        threads = self._threads()
        self._losses += len(self._known - threads.keys())
        self._known = set(threads)
        self._slots = sum(threads.values())

    def _threads(self) -> Mapping[str, int]:
        """Threads by worker, without the workers that are refused."""
        if not self.portable:
            threads: Mapping[str, int] = self._client.nthreads()
            return threads
        workers = self._client.scheduler_info()["workers"]
        pinned = {name for name, worker in workers.items() if worker["resources"].get(PORTABLE)}
        for name in workers.keys() - pinned - self._refused:
            log.warning("worker %s is refused: it is not pinned; %s", name, HOW_TO_PIN)
        self._refused = workers.keys() - pinned
        return {name: workers[name]["nthreads"] for name in pinned}

    def _trained(self, leg: "_DaskLeg") -> None:
        with self._lock:
            if leg in self._flying:
                self._flying.remove(leg)
                self._landing.add(leg)
        self._fill()

    def _landed(self, leg: "_DaskLeg", begin_again: bool = False) -> None:
        with self._lock:
            self._flying.discard(leg)
            self._landing.discard(leg)
            if begin_again:
                self._doubted.append(leg)
        self._fill()

    def _blamed_alone(self, worker: str) -> bool:
        """Whether this worker's death is held against one leg; each that is blamed asks."""
        with self._lock:
            blamed = [leg.blamed_for() for leg in self._flying | self._landing]
            if blamed.count(worker) > 1:
                self._shared.add(worker)
            return worker not in self._shared

    def _forget(self, leg: "_DaskLeg") -> None:
        with self._lock:
            waited = self._turns.remove(leg) or leg in self._doubted
            if leg in self._doubted:
                self._doubted.remove(leg)
        if not waited:
            self._landed(leg)


def _prepare() -> None:
    dask.config.update_defaults(DEFAULTS)


def _patiently(close: Callable[[], object]) -> None:
    """Close as far as it goes: what Dask raises in the middle of a start cannot be helped."""
    try:
        close()
    except (Exception, CancelledError) as error:
        log.debug("closing did not go to its end: %r", error)


def _pids(cluster: LocalCluster) -> list[int]:
    return [nanny.pid for nanny in list(cluster.workers.values()) if nanny.pid is not None]


class _DaskData:
    def __init__(self, future: Future[Split]) -> None:
        self.future = future

    def release(self) -> None:
        self.future.release()


class _DaskLeg:
    """A leg: a future of its state, which stays on the worker, and one of its report."""

    def __init__(
        self,
        engine: DaskEngine,
        task: LegTask,
        data: _DaskData,
        previous: "_DaskLeg | None",
        done: Callable[[LegResult], None],
    ) -> None:
        self._engine = engine
        self._task = task
        self._data = data
        self._previous = previous
        self._done = done
        self.doubted = False
        self._released = False
        self.trained: Future[Trained] | None = None
        self._report: Future[LegReport] | None = None

    def start(self, client: Client) -> None:
        try:
            self._send(client)
        except OUTAGES:
            log.debug("a leg could not be sent", exc_info=True)
            self._done(LegFailed(EngineLost(GONE)))

    def _send(self, client: Client) -> None:
        key = f"leg-{uuid.uuid4().hex}"
        state = None if self._previous is None else self._previous.trained
        portable = self._engine.portable
        self.trained = client.submit(
            *(train, self._task, self._data.future, state, portable),
            key=key,
            resources=PINNED if portable else None,
        )
        self._report = client.submit(report_of, self.trained, key=f"report-{key}", priority=1)
        # A worker is free as soon as it has trained: its report and its next leg pass each other.
        self.trained.add_done_callback(lambda _: self._engine._trained(self))
        self._report.add_done_callback(self._landed)

    def release(self) -> None:
        self._released = True
        self._engine._forget(self)
        if self._report is not None:
            self._report.release()
        if self.trained is not None:
            self.trained.release()

    def blamed_for(self) -> str | None:
        """The worker whose death, the last of TRIES, Dask holds against this leg."""
        error = None if self._report is None else _error(self._report)
        if self.trained is None or self._report is None or not isinstance(error, KilledWorker):
            return None
        ours = error.task in (self.trained.key, self._report.key)
        return str(error.last_worker.address) if ours else None

    def _landed(self, report: Future[LegReport]) -> None:
        if report.status in ("lost", "pending"):  # it died with its worker; Dask makes it again
            report.add_done_callback(self._landed)
            return
        result = self._result(report)
        begin_again = result is None and not self._released
        self.doubted |= begin_again
        self._engine._landed(self, begin_again)
        if self._released or result is None:
            return
        self._previous = None
        self._done(result)

    def _result(self, report: Future[LegReport]) -> LegResult | None:
        """None where the leg is to begin again."""
        try:
            if report.status == "finished":
                return LegDone(report.result())
            error = _error(report)
            if not isinstance(error, KilledWorker | None):
                return LegFailed(error)
            worker = self.blamed_for()
            if worker is not None:
                sure = self.doubted or self._engine._blamed_alone(worker)
                return LegFailed(WorkerLost(TRIES)) if sure else None
        except OUTAGES as error:
            log.debug("a leg's report was lost on the way: %r", error)
        return LegFailed(EngineLost(GONE))


def _error(future: Future[LegReport]) -> BaseException | None:
    """What it failed with; does not wait for one that may yet fail."""
    error: BaseException | None = future.exception() if future.status == "error" else None
    return error
