"""The engine on Dask `distributed`: workers of this machine, or a cluster elsewhere."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future as ConcurrentFuture
from pathlib import Path
from typing import Self

from distributed import Client, Future, KilledWorker, LocalCluster, Security, Status

from hpsearch.datasets.values import Split
from hpsearch.environment import PORTABLE
from hpsearch.errors import AnswerRefused, EngineLost, EngineUnavailable, WorkerLost
from hpsearch.inside.pictures import Picture
from hpsearch.runner.dask_clusters import close_client, close_cluster, connect, connect_local
from hpsearch.runner.dask_leg import GONE, OUTAGES, PINNED, TRIES, DaskData, DaskLeg, plain
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.leg_board import LegBoard, least_busy
from hpsearch.runner.ports import Data, Inbox, Leg
from hpsearch.runner.told_reports import ToldReports
from hpsearch.runner.worker_answers import (
    read_environment,
    read_network,
    read_pictures,
    read_timing,
)
from hpsearch.runner.worker_memory import fair_share
from hpsearch.runner.worker_tasks import (
    REPORTS,
    Conditions,
    inside_of,
    keep,
    network_of,
    time_training,
    worker_environment,
)
from hpsearch.training.footprint import available
from hpsearch.training.leg import LegTask, TrainState
from hpsearch.training.timing import Probe, Timing

RECOUNT_INTERVAL = 0.5  # seconds between looks at how many workers there are
FIRST = 10  # Dask's priority of what goes before legs
FETCH_TIMEOUT = 120.0  # seconds for a network on its way, trained again if its worker died
HOW_TO_PIN = "start workers with `hpsearch worker --portable`"
ANY_WORKER = Conditions()
GIVEN_UP = (Status.closing, Status.closed, Status.failed)  # of what restarts a local worker

log = logging.getLogger(__name__)


class DaskEngine:
    """Implements `Engine`: gives the legs on its board to Dask's workers."""

    def __init__(
        self,
        client: Client,
        cluster: LocalCluster | None = None,
        conditions: Conditions = ANY_WORKER,
    ) -> None:
        """Takes both over: they are closed with the engine, also if this fails."""
        self._client = client
        self._cluster = cluster
        self._conditions = conditions
        self._refused: set[str] = set()  # workers that are not pinned
        self._board: LegBoard[DaskLeg] = LegBoard(DaskLeg.blamed_for)
        self._told = ToldReports()
        self._known: Mapping[str, int] = {}  # threads by worker
        self._losses = 0
        self._closed = threading.Event()
        try:
            self._recount()
            client.subscribe_topic(REPORTS, self._told.hear)
        except OUTAGES as error:
            self.close()
            raise EngineUnavailable(f"the scheduler does not answer: {error}") from error
        threading.Thread(target=self._keep_counting, name="worker-count", daemon=True).start()

    @classmethod
    def local(
        cls, workers: int, folder: Path, portable: bool = False, memory: int | None = None
    ) -> Self:
        """Start `workers` processes on this machine, reachable from loopback with our key only.

        What they write for a while lies in `folder`. portable: pinned, see hpsearch.portable.
        memory: bytes that each may use; None for its fair share. Raises EngineUnavailable, and
        leaves nothing.
        """
        conditions = Conditions(portable, memory or fair_share(workers))
        client, cluster = connect_local(workers, folder, conditions)
        return cls(client, cluster, conditions)

    @classmethod
    def remote(
        cls,
        address: str,
        security: Security | None = None,
        portable: bool = False,
        memory: int | None = None,
    ) -> Self:
        """Use the cluster whose scheduler listens at `address`; raises EngineUnavailable.

        portable: only its workers that say that they are pinned. memory: bytes that a worker may
        use; None for what each says itself.
        """
        client = connect(address, security)
        return cls(client, conditions=Conditions(portable, memory))

    def load(self, split: Split) -> Data:
        try:
            return DaskData(self._client.submit(keep, split, pure=False, priority=1))
        except OUTAGES as error:
            raise EngineLost(GONE) from error

    def submit(
        self,
        task: LegTask,
        data: Data,
        previous: Leg | None,
        share: Share,
        order: int,
        inbox: Inbox,
    ) -> Leg:
        if not isinstance(data, DaskData) or not isinstance(previous, DaskLeg | None):
            raise TypeError("data and legs of one engine cannot be used with another")
        leg = DaskLeg(self._board, self._told, self._fill, task, data, previous, inbox)
        self._board.add(leg, share, order)
        self._fill()
        return leg

    def time(self, probe: Probe) -> ConcurrentFuture[Timing]:
        try:
            asked = self._client.submit(
                *(time_training, probe, self._conditions),
                pure=False,
                priority=FIRST,
                resources=PINNED if self._conditions.portable else None,
            )
        except OUTAGES as error:
            raise EngineLost(GONE) from error
        answer: ConcurrentFuture[Timing] = ConcurrentFuture()
        asked.add_done_callback(lambda each: _answer(each, answer))
        return answer

    def network(self, leg: Leg) -> TrainState | None:
        landed = _landed(leg)
        return read_network(self._ask(network_of, landed.trained), landed.weights)

    def inside(self, leg: Leg, class_names: tuple[str, ...]) -> tuple[Picture, ...]:
        landed = _landed(leg)
        data = landed.data.future
        return read_pictures(self._ask(inside_of, landed.trained, landed.task, data, class_names))

    def _ask(self, what: Callable[..., bytes], *given: object) -> object:
        """What a worker says of something that it has, before the legs that wait."""
        try:
            asked = self._client.submit(what, *given, pure=False, priority=1)
            return plain(asked, FETCH_TIMEOUT)
        except (*OUTAGES, KilledWorker) as error:
            raise EngineLost(GONE) from error

    def workers(self) -> int:
        return self._board.slots

    def leg_memory(self) -> int | None:
        memory = self._conditions.memory
        return None if memory is None else available(memory)

    def waiting(self) -> int:
        """How many legs wait for a worker, those included that it has already."""
        return self._board.waiting() + self._board.training() - self.flying()

    def flying(self) -> int:
        """How many legs are trained right now."""
        return min(self._board.training(), self._board.slots)

    def lost(self) -> bool:
        """Dask cancels every future when the connection is lost, even where it comes back.

        It may be shut although Dask takes it for running: by a message that cannot be read.

        A local worker that is not started again any more counts as a loss of all.
        """
        stream = self._client.scheduler_comm
        if str(self._client.status) != "running" or stream is None or stream.closed():
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
        except TypeError as error:  # of Dask, which would have had to unpickle it
            raise EngineUnavailable(f"a worker's answer is not plain data: {error}") from error
        if not found:
            refused = f"; {len(self._refused)} are not pinned: {HOW_TO_PIN}"
            raise EngineUnavailable("there is no worker yet" + (refused if self._refused else ""))
        try:
            return read_environment(next(iter(found.values())))
        except AnswerRefused as error:
            raise EngineUnavailable(str(error)) from error

    def close(self) -> None:
        """Stop everything that this engine started; workers that do not stop in time are killed."""
        self._closed.set()
        close_client(self._client)
        if self._cluster is not None:
            close_cluster(self._cluster)

    def _fill(self) -> None:
        """Give waiting legs to free workers."""
        while (leg := self._board.take()) is not None:
            others = [each.worker for each in self._board.in_training() if each is not leg]
            worker = least_busy(self._known, others, leg.state_at())
            leg.start(self._client, self._conditions, worker)

    def _keep_counting(self) -> None:
        while not self._closed.wait(RECOUNT_INTERVAL):
            try:
                self._recount()
            except OUTAGES:
                self._board.slots = 0
                log.debug("the scheduler does not answer", exc_info=True)
            for leg in self._board.with_workers():
                leg.look_again()
            self._fill()

    def _recount(self) -> None:
        threads = self._threads()
        self._losses += len(self._known.keys() - threads.keys())
        self._known = threads
        self._board.slots = sum(threads.values())

    def _threads(self) -> Mapping[str, int]:
        """Threads by worker, without the workers that are refused."""
        if not self._conditions.portable:
            threads: Mapping[str, int] = self._client.nthreads()
            return threads
        workers = self._client.scheduler_info()["workers"]
        pinned = {name for name, worker in workers.items() if worker["resources"].get(PORTABLE)}
        for name in workers.keys() - pinned - self._refused:
            log.warning("worker %s is refused: it is not pinned; %s", name, HOW_TO_PIN)
        self._refused = workers.keys() - pinned
        return {name: workers[name]["nthreads"] for name in pinned}


def _landed(leg: Leg) -> DaskLeg:
    """Raises TypeError for one that is of another engine, or did not land."""
    if not isinstance(leg, DaskLeg) or leg.trained is None:
        raise TypeError("a leg of this engine that landed has a network")
    return leg


def _answer(timed: Future[bytes], answer: ConcurrentFuture[Timing]) -> None:
    """Hand over what came of a timing, whatever it is."""
    try:
        answer.set_result(read_timing(plain(timed)))
    except KilledWorker:
        answer.set_exception(WorkerLost(TRIES))
    except OUTAGES as error:
        log.debug("a timing was lost: %r", error)
        answer.set_exception(EngineLost(GONE))
    except Exception as error:
        answer.set_exception(error)
