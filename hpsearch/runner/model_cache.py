"""The models that were trained again last, on the disk, for nobody's eyes but the server's user."""

import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MODEL_CACHE = 512 * 2**20  # bytes, of all models together

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """A model, trained again.

    content: of `model.npz`. difference: None if all came out as recorded, otherwise what did not.
    environment: where it was trained this time.
    """

    content: bytes
    difference: str | None
    environment: Mapping[str, str]


class ModelCache:
    """Files below `folder`, together no larger than `limit` bytes; those used last stay.

    A file is a line of JSON about a model, with the hash of what follows, and the model. What does
    not match is removed and trained again. Safe to use from several threads.
    """

    def __init__(self, folder: Path, limit: int = MODEL_CACHE) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()

    def get(self, key: str) -> Made | None:
        """The model that was put under this key, if it is still here."""
        path = self._path(key)
        try:
            head, _, content = path.read_bytes().partition(b"\n")
            facts = json.loads(head)
            if hashlib.sha256(content).hexdigest() != facts["sha256"]:
                raise ValueError("the hash is another one")
            os.utime(path)
            return Made(content, facts["difference"], facts["environment"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("a kept model is damaged and trained again: %s", error)
            self._remove(path)
            return None

    def put(self, key: str, made: Made) -> None:
        """Keep a model. A disk that takes no more only costs its being kept."""
        facts = {
            "sha256": hashlib.sha256(made.content).hexdigest(),
            "difference": made.difference,
            "environment": dict(made.environment),
        }
        draft = self._folder / f"{secrets.token_hex(8)}.draft"
        try:
            with self._lock:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._make_room(len(made.content))
                with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                    file.write(json.dumps(facts).encode() + b"\n" + made.content)
                draft.replace(self._path(key))
        except OSError as error:
            log.warning("a model cannot be kept: %s", error)
            self._remove(draft)

    def sweep(self) -> None:
        """Remove what killed processes left half written."""
        if self._folder.is_dir():
            for path in self._folder.glob("*.draft"):
                self._remove(path)

    def _make_room(self, size: int) -> None:
        kept = [(path, path.stat()) for path in self._folder.glob("*.model")]
        total = sum(stat.st_size for _, stat in kept) + size
        for path, stat in sorted(kept, key=lambda each: each[1].st_mtime_ns):
            if total <= self._limit:
                return
            total -= stat.st_size
            self._remove(path)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.model"

    @staticmethod
    def _remove(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", path, error)
