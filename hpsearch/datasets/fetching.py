"""Downloads as tasks: one for each data set, whoever asks for it, with progress to look at."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hpsearch.errors import DatasetError

FAILED_SECONDS = 30.0  # a download that failed is not tried again before

State = Literal["receiving", "downloading", "checking", "done", "failed"]


@dataclass(frozen=True)
class Progress:
    """How far a download is. done, total: bytes. problem: why it failed, and what to do."""

    state: State
    done: int
    total: int
    problem: str | None = None


class Fetch:
    """One download, under way or ended. Safe to use from several threads."""

    def __init__(self, total: int, work: Callable[["Fetch"], None]) -> None:
        self.stop = threading.Event()
        self._progress = Progress("downloading", 0, total)
        self._work = work
        self._ended = threading.Event()
        self._ended_at = 0.0
        threading.Thread(target=self._run, name="fetch", daemon=True).start()

    @property
    def progress(self) -> Progress:
        return self._progress

    def received(self, size: int) -> None:
        now = self._progress
        self._progress = Progress("downloading", now.done + size, max(now.total, now.done + size))

    def checking(self) -> None:
        self._progress = Progress("checking", self._progress.done, self._progress.total)

    def wait(self) -> None:
        """Until it has ended; raises DatasetError if it failed."""
        self._ended.wait()
        if self._progress.problem is not None:
            raise DatasetError(self._progress.problem)

    @property
    def over(self) -> bool:
        """Whether asking again begins a new download."""
        if not self._ended.is_set():
            return False
        return self._progress.state == "done" or (
            time.monotonic() - self._ended_at > FAILED_SECONDS
        )

    def _run(self) -> None:
        done, total = 0, self._progress.total
        try:
            self._work(self)
        except Exception as error:
            problem = (
                str(error) if isinstance(error, DatasetError) else f"internal error: {error!r}"
            )
            done = self._progress.done
            self._progress = Progress("failed", done, total, problem)
        else:
            self._progress = Progress("done", self._progress.done, self._progress.done)
        self._ended_at = time.monotonic()
        self._ended.set()
