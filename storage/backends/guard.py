"""A lock in a file, for all threads of all processes on this machine."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpsearch.errors import DatabaseUnavailable

POLL_INTERVAL = 0.002  # seconds


class FileGuard:
    """Lets one holder in at a time. The system frees it when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._descriptor: int | None = None

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Wait at most `timeout` seconds for the lock; raises DatabaseUnavailable."""
        deadline = time.monotonic() + timeout
        if not self._threads.acquire(timeout=timeout):
            raise DatabaseUnavailable(f"the database is busy: waited {timeout:g} s to write")
        try:
            descriptor = self._lock(deadline, timeout)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        with self._threads:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _lock(self, deadline: float, timeout: float) -> int:
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            while True:
                try:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return self._descriptor
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        message = f"another process writes the database: waited {timeout:g} s"
                        raise DatabaseUnavailable(message) from None
                    time.sleep(POLL_INTERVAL)
        except OSError as error:
            raise DatabaseUnavailable(f"cannot lock {self.path}: {error.strerror}") from error
