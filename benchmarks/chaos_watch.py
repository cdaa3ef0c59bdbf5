"""A look at a job past its server, which may be dead."""

import time
from contextlib import suppress

from hpsearch.errors import DatabaseUnavailable
from storage.database import Database
from storage.events import Events
from storage.job_store import SqlJobStore

STALL = 120.0  # seconds without progress after which a job is given up
LOOK_INTERVAL = 0.05  # seconds


class Watch:
    """A look at the job past the server, which may be dead."""

    def __init__(self, database_url: str, job_id: str) -> None:
        self._database = Database(database_url)
        self._events, self._records = Events(self._database), SqlJobStore(self._database)
        self._job_id = job_id

    def progress(self) -> int:
        """Counts up with everything that the job records."""
        while True:
            with suppress(DatabaseUnavailable):
                return self._events.last_id(self._job_id)
            time.sleep(LOOK_INTERVAL)

    def ended(self) -> bool:
        while True:
            with suppress(DatabaseUnavailable):
                return self._records.job(self._job_id).state.ended
            time.sleep(LOOK_INTERVAL)

    def confirming(self) -> bool:
        """Whether the certificate is under way: one training of it is recorded, another is not."""
        while True:
            with suppress(DatabaseUnavailable):
                started = bool(self._records.history(self._job_id).confirmations)
                return started and not self.ended()
            time.sleep(LOOK_INTERVAL)

    def await_certificate(self) -> None:
        """Until its first training is recorded, or the job ended; TimeoutError where it hangs."""
        progress, since = self.progress(), time.monotonic()
        while not (self.confirming() or self.ended()):
            if (now := self.progress()) != progress:
                progress, since = now, time.monotonic()
            if time.monotonic() - since > STALL:
                raise TimeoutError(f"the job stood still for {STALL:g} s")
            time.sleep(LOOK_INTERVAL)

    def await_progress(self, since: int) -> float:
        """Seconds until the job recorded anything more, or ended; raises TimeoutError."""
        began = time.monotonic()
        while self.progress() == since and not self.ended():
            if time.monotonic() - began > STALL:
                raise TimeoutError(f"the job stood still for {STALL:g} s")
            time.sleep(LOOK_INTERVAL)
        return time.monotonic() - began

    def close(self) -> None:
        self._database.close()
