"""Whose leg is trained next, where several jobs share the workers."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

LEAST, MOST = 0.001, 1000.0  # weights; stored jobs of earlier versions may have others
TURN = 10**9  # time that one turn takes at weight 1; whole numbers, so that time never loses digits


@dataclass(eq=False)
class Share:
    """One job's claim on the workers.

    weight: how much it gets beside others; 2 gets twice as much as 1. It may change at any moment,
    and holds from then on, also for the turn that the job had last. What lies outside of LEAST to
    MOST counts as the nearest of them.
    first: its legs come before those of all shares that are not; a user waits for them.
    """

    weight: float = 1.0
    first: bool = False
    _last: int | None = None  # when it had its last turn
    _joined: int = 0  # when it came, or came back

    @property
    def due(self) -> int:
        """When it has its next turn."""
        if self._last is None:
            return self._joined
        bounded = min(max(self.weight, LEAST), MOST)
        return max(self._joined, self._last + round(TURN / bounded))

    def join(self, time: int) -> None:
        self._joined = time

    def take_turn(self) -> int:
        """Returns when it was due."""
        self._last = self.due
        return self._last


@dataclass(eq=False)
class FairQueue(Generic[Item]):
    """Items that wait for a worker: the share that is due first comes first.

    Start-time fair queueing (Goyal, Vin and Cheng 1996) with one server: a share that joins or
    comes back starts at the current time, so it neither waits for the others' past nor makes up
    for its own absence. While n shares wait all the time, each gets its part of the turns to within
    n + 1 of them. Shares that are `first` come before all others. Within a share, the lower
    `order` first. Not safe for threads.
    """

    _waiting: dict[Share, list[tuple[int, Item]]] = field(default_factory=dict)
    _time: int = 0

    def add(self, item: Item, share: Share, order: int) -> None:
        if share not in self._waiting:
            self._waiting[share] = []
            share.join(self._time)
        self._waiting[share].append((order, item))

    def remove(self, item: Item) -> bool:
        """Take an item out of the queue; False where it is not in it."""
        for share, items in self._waiting.items():
            kept = [entry for entry in items if entry[1] is not item]
            if len(kept) < len(items):
                self._replace(share, kept)
                return True
        return False

    def pop(self) -> Item:
        """The item whose turn it is; raises IndexError where none waits."""
        if not self._waiting:
            raise IndexError("no item waits for its turn")
        share = min(self._waiting, key=lambda each: (not each.first, each.due))
        items = self._waiting[share]
        first = min(items, key=lambda entry: entry[0])
        due = share.take_turn()
        if not share.first:
            self._time = max(self._time, due)
        items.remove(first)
        self._replace(share, items)
        return first[1]

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _replace(self, share: Share, items: list[tuple[int, Item]]) -> None:
        if items:
            self._waiting[share] = items
        else:
            del self._waiting[share]
