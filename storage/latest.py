"""A few values by key, those that were put last."""

import threading
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """Keeps at most `size` values. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[str, Value] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._lock:
            return self._values.get(key)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = value
            if len(self._values) > self._size:
                del self._values[next(iter(self._values))]
