"""Data sets in memory: read once, shared by all who use them, and let go."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from weakref import WeakValueDictionary

from hpsearch.datasets.values import Dataset

LINGER = 30.0  # seconds that the last data set stays when nobody uses it
LINGER_BYTES = 256 * 2**20  # larger ones do not stay


class SharedDatasets:
    """Readers of the same data set share one; several that ask at once wait for one reading.

    A data set is kept as long as somebody uses it. The last one that was asked for stays for a
    moment longer: a job that was just admitted is about to start. Safe to use from several threads.
    """

    def __init__(self, linger: float = LINGER) -> None:
        self._linger = linger
        self._lock = threading.Lock()
        self._used: WeakValueDictionary[str, Dataset] = WeakValueDictionary()
        self._reading: dict[str, Future[Dataset]] = {}
        self._last: Dataset | None = None
        self._timer: threading.Timer | None = None

    def get(self, key: str, read: Callable[[], Dataset]) -> Dataset:
        """The data set of this key, from `read` if nobody has it. Raises what `read` raises."""
        with self._lock:
            found = self._used.get(key)
            if found is not None:
                self._stay(found)
                return found
            reading = self._reading.get(key)
            mine = reading is None
            if reading is None:
                reading = self._reading[key] = Future()
        if mine:
            self._read(key, read, reading)
        return reading.result()

    def _read(self, key: str, read: Callable[[], Dataset], reading: "Future[Dataset]") -> None:
        try:
            found = read()
        except BaseException as error:
            with self._lock:
                del self._reading[key]
            reading.set_exception(error)
            return
        with self._lock:
            del self._reading[key]
            self._used[key] = found
            self._stay(found)
        reading.set_result(found)

    def _stay(self, dataset: Dataset) -> None:
        """Keep it for a moment; the lock is held."""
        if self._timer is not None:
            self._timer.cancel()
        self._last = dataset if dataset.image_bytes <= LINGER_BYTES else None
        self._timer = threading.Timer(self._linger, self.let_go)
        self._timer.daemon = True
        self._timer.start()

    def let_go(self) -> None:
        """Keep nothing that nobody uses."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._last = self._timer = None
