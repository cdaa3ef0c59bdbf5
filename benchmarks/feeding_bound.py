"""How busy workers could be if nothing but their legs took time: the bound of `bench-feeding`.

The search itself decides what may be trained when: rounds begin once all trials of the one before
have ended, and the last trials of a search leave workers idle. This runs it on a clock of its own,
where planning, sending and recording take no time at all.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from hpsearch.history import Cohort, Done
from hpsearch.search.plan import plan
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.search import SearchSpec

Leg = Callable[[int, float], tuple[float, float]]
"""From the number of a trial and the share of a whole training that it has come to after the leg:
the seconds of the leg, and the accuracy."""


@dataclass
class IdealWorkers:
    """Workers that have their next leg at once. busy: seconds of training of all together."""

    spec: SearchSpec
    workers: int
    leg: Leg
    now: float = 0.0
    busy: float = 0.0
    _training: list[tuple[float, int, int]] = field(default_factory=list)
    _waiting: list[tuple[int, int, float]] = field(default_factory=list)
    _out: dict[int, int] = field(default_factory=dict)

    def share(self) -> float:
        """The share of the workers' time in which they train."""
        search = Simulation(self.spec, lambda _, number, epoch: self._score(number, epoch))
        while True:
            planned = plan(self.spec, search.history)
            if isinstance(planned, Cohort):
                search.open(planned)
                self._submit(search, planned.index)
                continue
            if isinstance(planned, Done) and not self._out:
                return self.busy / (self.workers * self.now)
            self._land(search)

    def _score(self, number: int, epoch: float) -> Score:
        return Score(self.leg(number, epoch / self.spec.epochs)[1], 1.0, 2.0, 1.0, epoch=epoch)

    def _submit(self, search: Simulation, cohort: int) -> None:
        """The next legs of a cohort; the oldest cohort's go first."""
        legs = list(search.next_legs(cohort))
        self._out[cohort] = len(legs)
        for trial, epoch in legs:
            heapq.heappush(self._waiting, (cohort, trial.number, epoch / self.spec.epochs))
        self._begin()

    def _begin(self) -> None:
        while self._waiting and len(self._training) < self.workers:
            cohort, number, share = heapq.heappop(self._waiting)
            seconds, _ = self.leg(number, share)
            self.busy += seconds
            heapq.heappush(self._training, (self.now + seconds, cohort, number))

    def _land(self, search: Simulation) -> None:
        """The leg that ends next; and what its cohort does then, if it was the last of it."""
        self.now, cohort, _ = heapq.heappop(self._training)
        self._begin()
        self._out[cohort] -= 1
        if self._out[cohort]:
            return
        del self._out[cohort]
        if search.step(cohort):
            self._submit(search, cohort)
