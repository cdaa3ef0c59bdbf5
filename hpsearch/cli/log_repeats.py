"""Keeps one fault from filling the log: the same warning, over and over, is shown a few times."""

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

SHOWN = 5  # times that one message is shown
WINDOW = 60.0  # seconds, in which that counts
MAX_KINDS = 1000  # messages that are told apart, those seen last


@dataclass
class _Kind:
    since: float
    count: int = 0


class Repeats:
    """A filter for a handler; says how often a message came when it shows it again."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[tuple[str, str], _Kind] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        # The first line of the template: libraries append tracebacks and addresses.
        key = (record.name, str(record.msg).partition("\n")[0])
        now = time.monotonic()
        kind = self._kinds.pop(key, None) or _Kind(now)
        self._kinds[key] = kind
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)
        if now - kind.since >= WINDOW:
            if kind.count > SHOWN:
                record.repeated = kind.count - SHOWN
            kind.since, kind.count = now, 0
        kind.count += 1
        return kind.count <= SHOWN
