"""Estimates that nobody waits for: simulated at once, timed on a worker, looked at by their id."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from hpsearch.admission import admit
from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import (
    DatasetError,
    EngineLost,
    EngineUnavailable,
    EstimateNotFound,
    ImpossibleShape,
    LegTooLarge,
    NetworkTooLarge,
    WorkerLost,
)
from hpsearch.estimate import Estimate, Prospect, conclude, prospect
from hpsearch.runner.ports import Engine
from hpsearch.spec.search import SearchSpec
from hpsearch.training.timing import Probe, Timing

KEPT = 200  # estimates that can be asked for
KEPT_TIMINGS = 1000
PATIENCE = 300.0  # seconds that an estimate waits for data and workers
FINAL = (ImpossibleShape, NetworkTooLarge, LegTooLarge, WorkerLost)  # asking again changes nothing


@dataclass(frozen=True)
class Pending:
    """An estimate that is not there yet, and what it waits for."""

    id: str
    waits_for: str


@dataclass(eq=False)
class _Asked:
    id: str
    spec: SearchSpec
    checked: bool
    """Whether it was admitted with its data set at hand."""
    at: float = field(default_factory=time.monotonic)
    found: Prospect | None = None
    result: Estimate | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class EstimateDesk:
    """Safe to use from several threads. What was timed once is not timed again."""

    def __init__(
        self,
        source: DatasetSource,
        engine: Callable[[], Engine | None],
        memory: int | None,
    ) -> None:
        """memory: bytes that a leg may take; None for no limit."""
        self._source = source
        self._engine = engine
        self._memory = memory
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._timings: OrderedDict[Probe, Timing | BaseException] = OrderedDict()
        self._timed: dict[Probe, tuple[Engine, Future[Timing]]] = {}

    def ask(self, spec: SearchSpec) -> Estimate | Pending:
        """Begin an estimate; it may be there at once. Raises what `look` raises."""
        away = self._is_away(spec)
        admit(spec, self._source, self._memory)
        asked = _Asked(secrets.token_hex(8), spec, checked=not away)
        answer = self._advance(asked)
        if isinstance(answer, Pending):
            with self._lock:
                self._asked[asked.id] = asked
                while len(self._asked) > KEPT:
                    self._asked.popitem(last=False)
        return answer

    def look(self, estimate_id: str) -> Estimate | Pending:
        """How far an estimate is.

        Raises EstimateNotFound, InvalidSpec or DatasetError for a search that cannot run,
        EngineUnavailable if no worker timed it in time.
        """
        with self._lock:
            asked = self._asked.get(estimate_id)
        if asked is None:
            raise EstimateNotFound(estimate_id)
        return self._advance(asked)

    def _advance(self, asked: _Asked) -> Estimate | Pending:
        """As far as it goes without waiting."""
        with asked.lock:
            if asked.result is not None:
                return asked.result
            waits_for = self._data(asked)
            if waits_for is None and asked.found is not None:
                waits_for = self._time(asked.found)
                if waits_for is None:
                    asked.result = self._conclude(asked.found)
                    return asked.result
        if time.monotonic() - asked.at > PATIENCE:
            raise EngineUnavailable(
                f"the estimate waited for {PATIENCE:.0f} seconds for {waits_for}; ask again"
            )
        return Pending(asked.id, waits_for or "its turn")

    def _data(self, asked: _Asked) -> str | None:
        """Simulate the search as soon as its data set is here; says what it waits for."""
        if asked.found is not None:
            return None
        name = asked.spec.dataset.name
        if self._is_away(asked.spec):
            return f"fetching {name}"
        dataset = self._source.load(name)
        if not asked.checked:
            admit(asked.spec, self._source, self._memory)
        asked.found = prospect(asked.spec, dataset)
        return None

    def _is_away(self, spec: SearchSpec) -> bool:
        """Whether the data set is being fetched; what is wrong with it is said by reading it."""
        try:
            fetching = self._source.ensure(spec.dataset.name)
        except DatasetError:
            return False
        return fetching is not None and fetching.problem is None

    def _time(self, found: Prospect) -> str | None:
        """Have timed what was not yet; says what it waits for."""
        engine = self._engine()
        with self._lock:
            missing = [probe for probe in dict.fromkeys(found.probes) if not self._known(probe)]
            if not missing:
                return None
            if engine is None or engine.workers() == 0:
                return "a worker"
            try:
                for probe in missing:
                    if self._timed.get(probe, (None,))[0] is not engine:
                        self._timed[probe] = (engine, engine.time(probe))
            except EngineLost:
                return "a worker"
            left = [probe for probe in missing if not self._known(probe)]
        return "its timing on a worker" if left else None

    def _known(self, probe: Probe) -> bool:
        """Whether a probe was timed; takes what has come meanwhile. The lock is held."""
        _, future = self._timed.get(probe, (None, None))
        if future is not None and future.done():
            del self._timed[probe]
            error = future.exception()
            if error is None or isinstance(error, FINAL):
                self._timings[probe] = error or future.result()
                while len(self._timings) > KEPT_TIMINGS:
                    self._timings.popitem(last=False)
        return probe in self._timings

    def _conclude(self, found: Prospect) -> Estimate:
        engine = self._engine()
        with self._lock:
            known = {probe: self._timings[probe] for probe in found.probes}
        timings = {probe: each for probe, each in known.items() if isinstance(each, Timing)}
        if not timings:
            raise next(each for each in known.values() if isinstance(each, BaseException))
        return conclude(found, timings, max(1, engine.workers() if engine else 1))
