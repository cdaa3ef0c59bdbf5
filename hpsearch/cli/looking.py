"""The commands that look into jobs of a server."""

import json
from typing import Annotated

import typer

from hpsearch.cli import options, tables
from hpsearch.cli.output import out, print_json
from hpsearch.cli.trial_tables import print_event, print_rounds, print_trials, print_why
from hpsearch.client import Client, path_of

app = typer.Typer()

Trial = Annotated[int, typer.Argument(metavar="TRIAL", min=0, help="Its number.")]
Jobs = Annotated[list[str], typer.Argument(metavar="JOB JOB...", help="Ids of jobs.")]
ByValue = Annotated[bool, typer.Option("--by-value", help="The best first, not by number.")]


@app.command()
def show(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Show a job as it is now."""
    with Client(url) as client:
        answer = client.job(job)
    print_json(answer) if as_json else tables.print_jobs(out, [answer])


@app.command()
def trials(
    job: options.JobId,
    by_value: ByValue = False,
    limit: options.Limit = 100,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """List the trials of a job: what each tried, how it ended and how good it was."""
    order = "value" if by_value else "number"
    with Client(url) as client:
        answer = client.get(f"{path_of(job)}/trials", order=order, limit=limit)
    print_json(answer) if as_json else print_trials(out, answer["items"])


@app.command()
def rounds(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Show the rounds of a job, from coarse to fine, with their reasons."""
    with Client(url) as client:
        answer = client.get(f"{path_of(job)}/rounds")
    print_json(answer) if as_json else print_rounds(out, answer["items"])


@app.command()
def why(
    job: options.JobId,
    trial: Trial,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Say why a trial was proposed, and why it stopped."""
    with Client(url) as client:
        answer = client.trial(job, trial)
    print_json(answer) if as_json else print_why(out, answer)


@app.command()
def events(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Print what happens in a job, a line each, until it has ended; with --json a JSON each."""
    with Client(url) as client:
        for event in client.watch(job):
            if as_json:
                line = {"id": event.id, "event": event.kind, "data": event.data}
                print(json.dumps(line), flush=True)
            else:
                print_event(out, event)


@app.command()
def changes(
    limit: options.Limit = 100,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Print the audit log of a server: who changed what; needs a token of scope admin."""
    with Client(url) as client:
        found = client.changes(limit)
    if as_json:
        print_json({"items": found})
        return
    for change in found:
        words = "  ".join(str(value) for value in change.values() if value is not None)
        out.print(tables.printable(words), highlight=False, soft_wrap=True)


@app.command()
def compare(
    jobs: Jobs, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Compare jobs by their best trials: which fields of their specs differ, and which is better.

    Jobs that differ only by their seed are replicates of one search, and are told apart from the
    others with an interval; `plot --kind compare` draws them.
    """
    from hpsearch.cli.compare import compare_jobs  # noqa: PLC0415 - it needs SciPy

    with Client(url) as client:
        found = [client.job(job) for job in jobs]
    compare_jobs(found, as_json)
