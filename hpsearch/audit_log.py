"""The audit log: one line of JSON for each change, in the data folder. Who, what, when.

Lines of several processes never mix: each is one write to a file opened for appending. The file is
put aside when it is full, and the oldest is dropped, so that the folder cannot fill up.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "audit.log"
MAX_BYTES = 10_000_000
KEPT = 9  # full files beside the one that is written to
MAX_VALUE = 500  # characters


class AuditLog:
    """The log of a data folder. Safe to use from several threads and processes."""

    def __init__(self, data_dir: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path = data_dir / FILE
        self._max_bytes = max_bytes

    def write(self, who: str, what: str, **facts: str | int | None) -> None:
        """Add a line; raises OSError where that cannot be."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        given = {"at": at, "who": who, "what": what, **facts}
        line = json.dumps({name: _short(value) for name, value in given.items()}) + "\n"
        with self._locked():
            self._make_room()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)

    def latest(self, limit: int) -> list[dict[str, Any]]:
        """The newest lines, the newest first."""
        found: list[dict[str, Any]] = []
        with self._locked():
            for path in (self._path, *map(self._aside, range(1, KEPT + 1))):
                if len(found) < limit and path.is_file():
                    lines = path.read_text(encoding="utf-8").splitlines()
                    found += map(_read, reversed(lines[-(limit - len(found)) :]))
        return found

    def _make_room(self) -> None:
        if not self._path.exists() or self._path.stat().st_size < self._max_bytes:
            return
        for number in range(KEPT - 1, 0, -1):
            if self._aside(number).exists():
                os.replace(self._aside(number), self._aside(number + 1))
        os.replace(self._path, self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{FILE}.{number}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _short(value: str | int | None) -> str | int | None:
    return value[:MAX_VALUE] if isinstance(value, str) else value


def _read(line: str) -> dict[str, Any]:
    """A line; one that a power cut left incomplete is told as it is."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"damaged": line[:MAX_VALUE]}
