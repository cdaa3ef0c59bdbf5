"""One fault does not fill the log."""

import logging
from types import SimpleNamespace

import pytest

from hpsearch.cli import log_repeats
from hpsearch.cli.log_repeats import MAX_KINDS, SHOWN, WINDOW, Repeats


def _record(text: str, level: int = logging.ERROR, name: str = "asyncio") -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, (), None)


def test_the_same_warning_is_shown_a_few_times_and_then_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(log_repeats, "time", SimpleNamespace(monotonic=lambda: now))
    repeats = Repeats()
    shown = [repeats.filter(_record(f"no descriptor left\nsocket {n}")) for n in range(1000)]
    assert shown == [True] * SHOWN + [False] * (1000 - SHOWN)
    assert repeats.filter(_record("something else"))
    now += WINDOW
    again = _record("no descriptor left\nsocket 1")
    assert repeats.filter(again)
    assert again.__dict__["repeated"] == 1000 - SHOWN


def test_information_is_always_shown_and_memory_is_bounded() -> None:
    repeats = Repeats()
    assert all(repeats.filter(_record("trial ended", logging.INFO)) for _ in range(100))
    for number in range(2 * MAX_KINDS):
        repeats.filter(_record(f"odd {number}"))
    assert len(repeats._kinds) == MAX_KINDS
