"""Which legs wait, which are with workers, and which of them is the cause of a worker's death."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from hpsearch.runner.fair_queue import FairQueue, Share

Item = TypeVar("Item")

REMEMBERED = 100  # deaths for which several legs were blamed


class LegBoard(Generic[Item]):
    """The book-keeping of legs, whatever trains them. Safe to use from several threads.

    No more legs are with workers than there are `slots`, or twice as many while legs are short:
    then each worker has its next leg before it is free. So whose turn it is stays our decision
    until a worker is free, or one short leg before. If several legs are blamed for one death, they
    begin again, one at a time, and none is handed ahead: the one that is blamed again is the cause.
    """

    def __init__(self, blamed_for: Callable[[Item], str | None]) -> None:
        """`blamed_for` says for the death of which worker a leg is blamed just now, if any."""
        self._blamed_for = blamed_for
        self._lock = threading.RLock()
        self._turns: FairQueue[Item] = FairQueue()
        self._places: dict[Item, tuple[Share, int]] = {}  # of all that are on the board
        self._training: set[Item] = set()  # each holds a worker
        self._landing: set[Item] = set()  # trained or failed; the report is on its way
        self._doubted: set[Item] = set()  # one of several that were blamed for a death
        self._retried: deque[Item] = deque()  # the doubted ones that wait to begin again
        self._shared: deque[str] = deque(maxlen=REMEMBERED)
        self.slots = 0
        self.short = False  # whether legs take so little time that a worker should have its next

    def add(self, leg: Item, share: Share, order: int) -> None:
        with self._lock:
            self._places[leg] = (share, order)
            self._turns.add(leg, share, order)

    def take(self) -> Item | None:
        """The leg that goes to a worker now; None if no worker is free or no leg may start."""
        with self._lock:
            if len(self._training) >= self._most():
                return None
            leg = self._next()
            if leg is not None:
                self._training.add(leg)
            return leg

    def trained(self, leg: Item) -> None:
        """Its worker is free; its report is on the way."""
        with self._lock:
            if leg in self._training:
                self._training.remove(leg)
                self._landing.add(leg)

    def remove(self, leg: Item) -> None:
        """It landed, or nobody wants it any more."""
        with self._lock:
            if self._places.pop(leg, None) is None:
                return
            self._leave(leg)
            self._doubted.discard(leg)
            if leg in self._retried:
                self._retried.remove(leg)
            self._turns.remove(leg)

    def retry(self, leg: Item) -> None:
        """It begins again, unless it was removed meanwhile."""
        with self._lock:
            self._leave(leg)
            if leg in self._places:
                self._turns.add(leg, *self._places[leg])

    def doubt(self, leg: Item) -> None:
        """It begins again as one of several that may be the cause of a death."""
        with self._lock:
            self._leave(leg)
            if leg in self._places:
                self._doubted.add(leg)
                self._retried.append(leg)

    def is_cause(self, leg: Item, worker: str) -> bool:
        """Whether a leg that is blamed for this worker's death caused it; each that is blamed asks.

        It did if it was doubted before, or if no other is blamed.
        """
        with self._lock:
            blamed = [self._blamed_for(each) for each in self._training | self._landing]
            if blamed.count(worker) > 1:
                self._shared.append(worker)
            return leg in self._doubted or worker not in self._shared

    def waiting(self) -> int:
        """How many legs wait for a worker."""
        with self._lock:
            return len(self._turns) + len(self._retried)

    def training(self) -> int:
        """How many legs are with workers."""
        with self._lock:
            return len(self._training)

    def in_training(self) -> list[Item]:
        """The legs that hold a worker, or are handed ahead to one."""
        with self._lock:
            return list(self._training)

    def with_workers(self) -> list[Item]:
        """The legs that were given to workers and have not landed."""
        with self._lock:
            return [*self._training, *self._landing]

    def _leave(self, leg: Item) -> None:
        self._training.discard(leg)
        self._landing.discard(leg)

    def _most(self) -> int:
        """How many legs may be with workers now."""
        return self.slots * 2 if self.short and not self._doubted else self.slots

    def _next(self) -> Item | None:
        if self._retried and not self._doubted & (self._training | self._landing):
            return self._retried.popleft()
        return self._turns.pop() if len(self._turns) else None


def least_busy(
    threads: Mapping[str, int], legs: Iterable[str | None], state_at: str | None
) -> str | None:
    """The worker with the fewest legs a thread; of several, the one that has the next leg's state.

    threads: by worker. legs: the worker of each that is in training. None if there is no worker.
    Left to choose, Dask may give one worker two legs that it hands ahead, and another one none.
    """
    count = Counter(legs)
    return min(
        (worker for worker, number in threads.items() if number > 0),
        key=lambda worker: (count[worker] / threads[worker], worker != state_at),
        default=None,
    )
