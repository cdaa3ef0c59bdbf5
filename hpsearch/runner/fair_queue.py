"""Whose leg is trained next, where several jobs share the workers."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(eq=False)
class Share:
    """One job's claim on the workers.

    weight: how much it gets beside others; 2 gets twice as much as 1. served: what it got so far,
    divided by its weight.
    """

    weight: float = 1.0
    served: float = 0.0


@dataclass(eq=False)
class FairQueue(Generic[Item]):
    """Items that wait for a worker: the share that was served least comes first.

    Start-time fair queueing (Goyal, Vin and Cheng 1996) with one server: a share that joins or
    comes back starts at the current time, so it neither waits for the others' past nor makes up
    for its own absence. Within a share, the lower `order` first. Not safe for threads.
    """

    _waiting: dict[Share, list[tuple[int, Item]]] = field(default_factory=dict)
    _time: float = 0.0

    def add(self, item: Item, share: Share, order: int) -> None:
        if share not in self._waiting:
            self._waiting[share] = []
            share.served = max(share.served, self._time)
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
        share = min(self._waiting, key=lambda candidate: candidate.served)
        items = self._waiting[share]
        first = min(items, key=lambda entry: entry[0])
        self._time = share.served
        share.served += 1.0 / share.weight
        items.remove(first)
        self._replace(share, items)
        return first[1]

    def __len__(self) -> int:
        # In one step, as metrics ask from other threads while shares come and go.
        return sum(map(len, list(self._waiting.values())))

    def _replace(self, share: Share, items: list[tuple[int, Item]]) -> None:
        if items:
            self._waiting[share] = items
        else:
            del self._waiting[share]
