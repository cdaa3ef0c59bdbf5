"""Keeps an engine: makes one in the background, and another if it is lost."""

import logging
import threading
import time
from collections.abc import Callable

from hpsearch.errors import EngineUnavailable
from hpsearch.runner.ports import Engine

RETRY_INTERVAL = 2.0  # seconds between attempts to reach the workers

log = logging.getLogger(__name__)


class EngineKeeper:
    """At most one engine at a time. `made` is called, from another thread, when there is news.

    An engine takes seconds to make, and longer if no scheduler answers: who asks does not wait.
    """

    def __init__(self, make: Callable[[], Engine], made: Callable[[], None]) -> None:
        self._make = make
        self._made = made
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._making: threading.Thread | None = None
        self._due = 0.0
        self._wanted = False
        self.problem: str | None = None

    @property
    def engine(self) -> Engine | None:
        """The engine of this moment."""
        return self._engine

    def ask(self) -> Engine | None:
        """The engine; if there is none, `problem` says why, and one is on its way."""
        with self._lock:
            self._wanted = True
            if self._engine is None and self._making is None and time.monotonic() >= self._due:
                self._making = threading.Thread(target=self._try, name="engine", daemon=True)
                self._making.start()
            return self._engine

    def drop(self, problem: str | None = None) -> None:
        """Close the engine, also one that is being made; `ask` makes another."""
        with self._lock:
            engine, self._engine = self._engine, None
            self._wanted = False
            self.problem = problem
        if engine is not None:
            engine.close()

    def _try(self) -> None:
        engine, problem = None, None
        try:
            engine = self._make()
        except EngineUnavailable as error:
            problem = str(error)
            log.warning("there are no workers: %s", error)
        except Exception as error:
            problem = f"internal error: {error!r}"
            log.exception("no engine could be made")
        with self._lock:
            self._making = None
            self._due = time.monotonic() + RETRY_INTERVAL
            unwanted = engine if not self._wanted else None
            if self._wanted:
                self._engine, self.problem = engine, problem
        if unwanted is not None:
            unwanted.close()
        self._made()
