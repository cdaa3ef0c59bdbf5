"""Nothing that is printed is cut, and no character ends a command."""

import io
import json
import sys
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from hpsearch.cli import tables
from hpsearch.cli.output import out, print_json, print_table, say_everything

ID = "01KAZ3Q7XJ9WJ4M5N6P7Q8R9ST"


def _job(name: str) -> dict[str, Any]:
    trials = {"planned": 10, "running": 1, "complete": 2, "pruned": 2, "failed": 0}
    return {
        "id": ID,
        "name": name,
        "state": "running",
        "progress": {"trials": trials},
        "best": None,
        "created_at": "2026-11-23T10:00:00Z",
    }


class AsciiScreen:
    """A standard output that takes ASCII alone; pytest's own is back after the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._written = io.BytesIO()
        stream = io.TextIOWrapper(self._written, "ascii", write_through=True)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), "ascii"))
        say_everything()

    def shown(self) -> str:
        return self._written.getvalue().decode("ascii")


def test_a_terminal_that_knows_ascii_alone_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = AsciiScreen(monkeypatch)
    tables.print_jobs(out, [_job("проект × 3 \N{ROCKET}")])
    assert ID in screen.shown()
    assert "\\u043f\\u0440\\u043e\\u0435\\u043a\\u0442 x 3 \\U0001f680" in screen.shown()
    print("28 × 28 – a \N{REPLACEMENT CHARACTER}…")
    assert screen.shown().endswith("28 x 28 - a ?...\n")


def test_json_is_json_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = AsciiScreen(monkeypatch)
    answer = _job("проект \N{ROCKET} \ud800")
    print_json(answer)
    assert json.loads(screen.shown()) == answer


def test_json_is_readable_where_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(_job("проект"))
    shown = capsys.readouterr().out
    assert "проект" in shown
    assert json.loads(shown) == _job("проект")


@pytest.mark.parametrize("width", [30, 80, 300])
@pytest.mark.parametrize("terminal", [False, True])
def test_ids_are_never_cut(width: int, terminal: bool) -> None:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=terminal, color_system=None)
    tables.print_jobs(console, [_job("a name that is longer than a narrow terminal is wide")])
    [line] = [line for line in text.getvalue().splitlines() if ID in line]
    assert "a name that is longer than a narrow terminal is wide" in line
    assert "2026-11-23 10:00:00" in line


def test_a_wide_table_goes_on_in_the_next_line() -> None:
    text = io.StringIO()
    table = Table(*[f"column {number}" for number in range(40)])
    table.add_row(*[ID] * 40)
    print_table(Console(file=text, width=30), table)
    assert text.getvalue().count(ID) == 40
