"""The table of a search that runs: the leading trials, each with its curve."""

import io
from typing import Any

import pytest
from rich.console import Console

from hpsearch.cli.live_table import live_table, sparkline


def _trial(number: int, *values: float | None, outcome: str | None = None) -> dict[str, Any]:
    reports = [{"value": value} for value in values]
    params = {"learning_rate": 0.01, "optimizer": "adam\x1b[2J"}
    found = {"number": number, "round": 0, "outcome": outcome, "reports": reports}
    return found | {"params": params}


def _text(trials: list[dict[str, Any]], curves: bool = True) -> str:
    text = io.StringIO()
    Console(file=text, width=120).print(live_table(trials, curves))
    return text.getvalue()


@pytest.mark.parametrize(
    ("values", "line"),
    [([0.0, 0.5, 1.0], "▁▅█"), ([-3.0, 9.0], "▁█"), ([], ""), ([0.25], "▃")],
)
def test_a_curve_in_blocks(values: list[float], line: str) -> None:
    assert sparkline(values, 0.0, 1.0) == line
    assert sparkline([0.5], 0.5, 0.5) == "█"


def test_the_table() -> None:
    text = _text([_trial(3, 0.2, 0.9), _trial(4, 0.5, None, outcome="diverged"), _trial(5)])
    assert "▁█" in text
    assert "diverged" in text
    assert "running" in text
    assert "\x1b" not in text
    assert "█" not in _text([_trial(3, 0.9)], curves=False)


def test_only_the_first_trials_and_no_trial_at_all() -> None:
    text = _text([_trial(number, 0.5) for number in range(100, 120)])
    assert "107" in text
    assert "108" not in text
    assert "trial" in _text([])
