"""Answers of the server as tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpsearch.cli.output import print_table

WITHOUT_BEST = "no best trial: the job ended before any was trained to its end"

Answer = Mapping[str, Any]


def print_jobs(out: Console, jobs: Sequence[Answer], none: str = "no jobs yet") -> None:
    """The jobs as a table; `none` is said if there are none."""
    table = Table("job", "name", "state", "trials", "best", "created (UTC)")
    for job in jobs:
        trials = job["progress"]["trials"]
        planned = trials["planned"]
        table.add_row(
            job["id"],
            printable(job["name"] or ""),
            job["state"],
            f"{finished(job)}/{planned}" if planned else str(finished(job)),
            accuracy(job["best"]),
            job["created_at"][:19].replace("T", " "),
        )
    _print(out, table, none)


def print_best(
    out: Console,
    trials: Sequence[Answer],
    none: str = "no trial is complete yet",
    objective: str = "value",
) -> None:
    """The trials as a table; `none` is said if there are none."""
    names = sorted({name for trial in trials for name in trial["params"]})
    table = Table("trial", objective, *names)
    for trial in trials:
        values = [shown(trial["params"].get(name)) for name in names]
        table.add_row(str(trial["number"]), f"{trial['value']:.4f}", *values)
    _print(out, table, none)


def print_result(out: Console, url: str, job: Answer, best: Sequence[Answer]) -> None:
    """What a job found, and where to look at it."""
    trials = job["progress"]["trials"]
    out.print(
        f"job {job['id']} {job['state']} ({job['stop_reason']}): "
        f"{trials['complete']} complete, {trials['pruned']} pruned, {trials['failed']} failed, "
        f"{trials.get('stopped', 0)} cut short, "
        f"{job['progress']['epochs']:.1f} epochs in {job['seconds']:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    print_best(
        out, best, job.get("no_best") or WITHOUT_BEST, job["spec"].get("objective", "accuracy")
    )
    if job.get("untried"):
        out.print(job["untried"], highlight=False, soft_wrap=True)
    for name, path in (("job", job["links"]["self"]), ("dashboard", job["links"]["dashboard"])):
        out.print(f"{name:9} {url}{path}", highlight=False, soft_wrap=True)


def _print(out: Console, table: Table, none: str) -> None:
    if table.rows:
        print_table(out, table)
    else:
        out.print(none, highlight=False, soft_wrap=True)


def print_estimate(out: Console, answer: Answer) -> None:
    out.print(
        f"about {answer['seconds']:.0f} s on {answer['workers']} workers: "
        f"{answer['trials']} trials, {answer['epochs']:.1f} epochs of training, "
        f"{answer.get('confirm_epochs', 0):.1f} more for the certificate, "
        f"{answer['memory_bytes'] / 1e6:.0f} MB for each worker"
        + (f"; each of the {answer['points']} points once" if answer.get("exhausts") else ""),
        highlight=False,
        soft_wrap=True,
    )


def print_certificate(out: Console, answer: Answer) -> None:
    if answer["candidates"]:
        table = Table("trial", "in the search", "again", "95 %", "scores")
        for each in answer["candidates"]:
            again = "–" if each["mean"] is None else f"{each['mean']:.4f}"
            scores = each["problem"] or " ".join(f"{score:.4f}" for score in each["scores"])
            table.add_row(
                str(each["trial"]),
                f"{each['naive']:.4f}",
                again,
                _interval(each),
                printable(scores),
            )
        out.print(table)
    lines = [f"certificate: {answer['state']}"]
    if answer["verdict"]:
        lines.append(answer["verdict"]["words"])
    if answer["final"]:
        final = answer["final"]
        lines.append(
            f"trial {final['trial']} on {final['images']} test images: {final['accuracy']:.4f}, "
            f"95 % interval {_interval(final)}"
        )
    elif answer.get("likely_best"):
        lines.append(answer["likely_best"]["words"])
    if answer["note"]:
        lines.append(answer["note"])
    for line in lines:
        out.print(printable(line), highlight=False, soft_wrap=True)


def _interval(answer: Answer) -> str:
    interval = answer["interval"]
    return f"{interval['low']:.4f} to {interval['high']:.4f}" if interval else "–"


def finished(job: Answer) -> int:
    trials = job["progress"]["trials"]
    return int(trials["complete"] + trials["pruned"] + trials["failed"] + trials.get("stopped", 0))


def accuracy(best: Answer | None) -> str:
    return f"{best['value']:.4f}" if best else "–"


def printable(text: str) -> str:
    """Text from elsewhere without what a terminal would take for a command."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else printable(str(value))
