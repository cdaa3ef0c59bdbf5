"""The commands that change jobs of a server, or make new ones of them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hpsearch.cli import options
from hpsearch.cli.output import print_json
from hpsearch.client import Change, Client
from hpsearch.errors import InvalidSettings

app = typer.Typer()

Assignments = Annotated[
    list[str],
    typer.Argument(metavar="NAME=VALUE...", help="A value as JSON, or a word: optimizer=adam."),
]
Changes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FIELD=VALUE...]",
        help="What is different: seed=2, budget.trials=80; null takes a field away.",
    ),
]
Labels = Annotated[
    list[str] | None, typer.Argument(metavar="[LABEL...]", help="All of them; none takes all away.")
]
Trials = Annotated[int | None, typer.Option(min=1, help="Trials in all.")]
Epochs = Annotated[float | None, typer.Option(help="Epochs of training in all.")]
Seconds = Annotated[float | None, typer.Option(help="Seconds of running in all.")]
Share = Annotated[float, typer.Argument(metavar="SHARE", help="1 is normal, 2 is twice that.")]


@app.command()
def enqueue(
    job: options.JobId,
    values: Assignments,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Have a point tried that you choose: `hpsearch enqueue JOB learning_rate=0.01`."""
    params = dict(_assignment(text) for text in values)
    with Client(url) as client:
        answer = client.enqueue(job, params)
    waiting = answer.get("progress", {}).get("waiting")
    print_json(answer) if as_json else print(f"{waiting} points wait to be tried")


@app.command()
def clone(
    job: options.JobId,
    changes: Changes = None,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Submit the spec of a job again, with these changes, and print the new job's id."""
    patch = _patch(changes or [])
    with Client(url) as client:
        answer = client.clone(job, patch)
    print_json(answer) if as_json else print(answer["id"])


@app.command()
def extend(
    job: options.JobId,
    trials: Trials = None,
    epochs: Epochs = None,
    seconds: Seconds = None,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Give a job another budget; one that has completed goes on. What is left out stays."""
    given = {"trials": trials, "epochs": epochs, "seconds": seconds}
    budget = {name: value for name, value in given.items() if value is not None}
    if not budget:
        raise InvalidSettings("extend needs --trials, --epochs or --seconds")
    _change(url, job, {"budget": budget}, as_json)


@app.command()
def priority(
    job: options.JobId,
    share: Share,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Give a job another share of the workers."""
    _change(url, job, {"priority": share}, as_json)


@app.command()
def labels(
    job: options.JobId,
    words: Labels = None,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Label a job with these words instead of those that it has."""
    _change(url, job, {"labels": words or []}, as_json)


@app.command()
def archive(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Leave a job out of lists."""
    _change(url, job, {"archived": True}, as_json)


@app.command()
def unarchive(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """List a job again."""
    _change(url, job, {"archived": False}, as_json)


@app.command()
def delete(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Delete a job that has ended, with its trials, events and study."""
    with Client(url) as client:
        client.delete(job)
    print_json({"deleted": job}) if as_json else print(f"{job} is deleted")


def _change(url: str, job: str, change: Change, as_json: bool) -> None:
    with Client(url) as client:
        answer = client.change(job, change)
    if as_json:
        print_json(answer)
    else:
        print(f"{answer['id']} is {answer['state']}; changed: {', '.join(change)}")


def _assignment(text: str) -> tuple[str, Any]:
    """`name=value`; raises InvalidSettings."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidSettings(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _patch(texts: Sequence[str]) -> dict[str, Any]:
    """A merge patch: a dotted name is a field within a field."""
    patch: dict[str, Any] = {}
    for text in texts:
        name, value = _assignment(text)
        *path, last = name.split(".")
        place = patch
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise InvalidSettings(f"{name} is within a field that has a value already")
        place[last] = value
    return patch
