"""The dashboard with bounds on what it keeps in memory.

It caches every trial of every study that was ever looked at, about 27 kB each, and never lets go.
So it is thrown away, caches and all, and made anew: when it would keep too much, when a study's id
means another study now, and when nobody has looked for a while.
"""

import gc
import threading
from collections.abc import Callable

from starlette.types import ASGIApp

from hpsearch.native_memory import give_back
from storage.studies import StudySize

MAX_KEPT = 10_000  # trials of all studies that one instance has shown
IDLE = 60.0  # seconds


class Instances:
    """Makes the dashboard when it is needed. Safe to use from several threads."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._current: ASGIApp | None = None
        self._shown: dict[int, StudySize] = {}

    def get(self, study_id: int | None = None, study: StudySize | None = None) -> ASGIApp:
        """An instance that may show this study (or no study) without keeping too much."""
        with self._lock:
            if study_id is not None and study is not None:
                if not self._may_show(study_id, study):
                    self._drop()
                self._shown[study_id] = study
            if self._current is None:
                self._current = self._make()
            return self._current

    def drop(self) -> None:
        """Let go of everything that is cached."""
        with self._lock:
            if self._shown:
                self._drop()
        gc.collect()
        give_back()

    def _may_show(self, study_id: int, study: StudySize) -> bool:
        seen = self._shown.get(study_id)
        if seen is not None and seen.name != study.name:
            return False
        others = sum(size.trials for id_, size in self._shown.items() if id_ != study_id)
        return others == 0 or others + study.trials <= MAX_KEPT

    def _drop(self) -> None:
        self._current = None
        self._shown = {}
