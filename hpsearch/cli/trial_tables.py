"""Trials, rounds and events as tables and sentences for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpsearch.cli.output import print_table
from hpsearch.cli.tables import printable, shown
from hpsearch.client import Event

SOURCES = {"explore": "drawn from the whole box", "enqueued": "yours"}

Answer = Mapping[str, Any]


def print_trials(out: Console, trials: Sequence[Answer]) -> None:
    names = sorted({name for trial in trials for name in trial["params"]})
    table = Table("trial", "round", "outcome", "value", "epochs", *names)
    for trial in trials:
        last = trial["reports"][-1]["value"] if trial["reports"] else None
        value = trial["value"] if trial["value"] is not None else last
        table.add_row(
            str(trial["number"]),
            str(trial["round"] + 1),
            trial["outcome"] or "running",
            "–" if value is None else f"{value:.4f}",
            f"{trial['epochs']:g}",
            *(shown(trial["params"].get(name)) for name in names),
        )
    if trials:
        print_table(out, table)
    else:
        _say(out, "no trials yet")


def print_rounds(out: Console, rounds: Sequence[Answer]) -> None:
    for each in rounds:
        _say(out, f"round {each['index'] + 1}: {each['epochs']:g} epochs; {each['reason']}")
        for name, parameter in each["ranges"].items():
            _say(out, f"  {name}: {_range(parameter)}")
        for sentence in each["advice"]:
            _say(out, f"  {sentence}")
    if not rounds:
        _say(out, "no round has begun")


def print_why(out: Console, trial: Answer) -> None:
    """Why a trial has its parameters, how it learned and why it stopped."""
    why = trial["why"]
    values = ", ".join(f"{name} {shown(value)}" for name, value in trial["params"].items())
    _say(out, f"trial {trial['number']} of round {trial['round'] + 1}: {values}")
    source = SOURCES.get(why["source"], why["source"])
    if why["source"] == "sampler":
        source = f"by {why['sampler']}, knowing {why['known']} trials, with seed {why['seed']}"
    _say(out, f"proposed: {source}")
    for report in trial["reports"]:
        value = "not finite" if report["value"] is None else f"{report['value']:.4f}"
        _say(out, f"  after {report['epoch']:g} epochs: {value}")
    if trial["outcome"] is None:
        _say(out, "it still runs")
        return
    _say(out, f"ended: {trial['stop_reason'] or trial['outcome']}")
    if why["bar"] is not None and why["value"] is not None:
        _say(
            out,
            f"it had {why['value']:.4f} and needed {why['bar']:.4f}, compared with "
            f"{why['compared']} values",
        )
    if why["iteration"] is not None:
        _say(out, f"the first loss that was not finite came in iteration {why['iteration']}")


def print_event(out: Console, event: Event) -> None:
    facts = ", ".join(
        f"{name} {shown(value)}" for name, value in event.data.items() if name != "at"
    )
    at = str(event.data.get("at", ""))[11:19]
    _say(out, f"{at} {event.kind.replace('_', ' ')}: {facts}")


def _range(parameter: Answer) -> str:
    if "choices" in parameter:
        return ", ".join(str(choice) for choice in parameter["choices"])
    log = " (log)" if parameter.get("log") else ""
    return f"{shown(parameter['low'])} to {shown(parameter['high'])}{log}"


def _say(out: Console, text: str) -> None:
    out.print(printable(text), highlight=False, soft_wrap=True)
