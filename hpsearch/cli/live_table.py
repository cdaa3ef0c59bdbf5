"""The leading trials of a job while it runs: a table with a small curve for each."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from hpsearch.cli.tables import printable, shown

ROWS = 8
PARAMETERS = 4  # columns of parameters; a terminal is only so wide
BLOCKS = "▁▂▃▄▅▆▇█"

Answer = Mapping[str, Any]


def live_table(trials: Sequence[Answer], curves: bool) -> Table:
    """The best first. curves: whether the terminal can show them."""
    names = sorted({name for trial in trials for name in trial["params"]})[:PARAMETERS]
    low, high = _span(trials)
    table = Table("trial", "round", "value", *(["curve"] if curves else []), "state", *names)
    for trial in trials[:ROWS]:
        values = _values(trial)
        table.add_row(
            str(trial["number"]),
            str(trial["round"] + 1),
            f"{values[-1]:.4f}" if values else "–",
            *([sparkline(values, low, high)] if curves else []),
            printable(trial["outcome"] or "running"),
            *(shown(trial["params"].get(name)) for name in names),
        )
    return table


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """A block for each value, the lowest for `low`, the highest for `high`."""
    width = high - low
    places = ((value - low) / width if width > 0 else 1.0 for value in values)
    return "".join(BLOCKS[round(min(max(place, 0.0), 1.0) * (len(BLOCKS) - 1))] for place in places)


def _values(trial: Answer) -> list[float]:
    return [each["value"] for each in trial["reports"] if each["value"] is not None]


def _span(trials: Sequence[Answer]) -> tuple[float, float]:
    values = [value for trial in trials for value in _values(trial)]
    return min(values, default=0.0), max(values, default=1.0)
