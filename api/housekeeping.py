"""What goes away by itself, beside the requests: rows of deleted jobs, old idempotency keys."""

import logging
import threading

from hpsearch.errors import HpsearchError
from storage.deletions import Deletions

INTERVAL = 60.0  # seconds between looks

log = logging.getLogger(__name__)


class Housekeeping:
    """One thread; every server has one, and they do not disturb each other."""

    def __init__(self, deletions: Deletions) -> None:
        self._deletions = deletions
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin with what a server that was killed left over."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """There is something to remove."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Leave the rest for the next start; waits for the piece that is being removed."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._deletions.expire_keys()
                self._deletions.finish(self._stop.is_set)
            except HpsearchError as error:
                log.warning("old rows stay for now: %s", error)
            except Exception:
                log.exception("old rows stay for now, for an error that is not known")
            self._wake.wait(INTERVAL)
