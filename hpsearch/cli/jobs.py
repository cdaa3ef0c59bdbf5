"""The commands that ask a server: each reads its options, calls, prints."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hpsearch.cli import options, tables
from hpsearch.cli import prune as pruning
from hpsearch.cli.files import MAX_JOB_FILE, read_input, read_spec, write_output
from hpsearch.cli.output import out, print_json
from hpsearch.cli.watch import Watcher, console_of, exit_code, watch_until_end
from hpsearch.client import Client, path_of

BEST_SHOWN = 5

app = typer.Typer()


@app.command()
def submit(
    spec: options.Spec, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Submit SPEC to a server and print the job's id."""
    read = read_spec(spec)
    with Client(url) as client, read.placed():
        job = client.submit(read.content)
    print_json(job) if as_json else print(job["id"])


@app.command()
def watch(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Watch a job until it has ended.

    Exit codes: 0 for a search that completed with a best trial, 1 for one that was cancelled or
    failed, 3 for one that ended before any trial was trained to its end, 2 for anything else that
    went wrong. A server that stops answering is waited for.
    """
    with Client(url) as client, Watcher(console_of(as_json)) as watcher:
        ended = watch_until_end(client, job, watcher)
        best = watcher.outlast(lambda: client.best(job, BEST_SHOWN))
    if as_json:
        print_json(ended)
    else:
        tables.print_result(out, client.url, ended, best)
    raise typer.Exit(exit_code(ended))


@app.command("jobs")
def list_jobs(
    state: options.State = None,
    label: options.Label = None,
    text: options.SearchText = None,
    archived: options.Archived = False,
    order: options.OrderOption = "newest",
    url: options.Url = options.DEFAULT_URL,
    limit: options.Limit = 20,
    as_json: options.Json = False,
) -> None:
    """List jobs, the newest first unless --order says else."""
    only = "true" if archived else None
    with Client(url) as client:
        answer = client.get(
            "/api/v1/jobs",
            state=state, label=label, text=text, archived=only, order=order, limit=limit,
        )  # fmt: skip
    print_json(answer) if as_json else tables.print_jobs(out, answer["items"])


@app.command()
def best(
    job: options.JobId,
    url: options.Url = options.DEFAULT_URL,
    limit: options.Limit = 10,
    as_json: options.Json = False,
) -> None:
    """Show the best trials of a job."""
    with Client(url) as client:
        answer = client.get(f"{path_of(job)}/best", limit=limit)
    print_json(answer) if as_json else tables.print_best(out, answer["items"])


@app.command()
def cancel(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """End a job; its finished trials stay."""
    _command(url, job, "cancel", as_json)


@app.command()
def pause(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Train nothing more of a job until it is resumed."""
    _command(url, job, "pause", as_json)


@app.command()
def resume(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Go on with a paused job."""
    _command(url, job, "resume", as_json)


@app.command()
def prune(
    older_than: options.OlderThan,
    dry_run: options.DryRun = False,
    url: options.Url = options.DEFAULT_URL,
    as_json: options.Json = False,
) -> None:
    """Delete the jobs that ended longer ago, with their trials, events and studies.

    A job that stays because another one starts from its trials is named.
    """
    with Client(url) as client:
        found = list(pruning.prune(client, older_than, dry_run))
    deleted = [job for job, kept in found if kept is None]
    if as_json:
        kept_jobs = {job["id"]: kept for job, kept in found if kept is not None}
        print_json({"deleted": [job["id"] for job in deleted], "kept": kept_jobs})
        return
    tables.print_jobs(out, deleted, "no job ended so long ago")
    for _, kept in found:
        if kept is not None:
            print(kept)
    print(f"{len(deleted)} jobs {'would be' if dry_run else 'were'} deleted")


@app.command()
def estimate(
    spec: options.Spec, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Say what SPEC would take, without running it."""
    read = read_spec(spec)
    with Client(url) as client, read.placed():
        answer = client.estimate(read.content)
    print_json(answer) if as_json else tables.print_estimate(out, answer)


@app.command()
def digest(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Print the SHA-256 of a job's result; the same spec and seed give the same."""
    with Client(url) as client:
        answer = client.digest(job)
    print_json(answer) if as_json else print(answer["digest"])


@app.command()
def certificate(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Say how sure it is which trial won, and how good it is on the test data."""
    with Client(url) as client:
        answer = client.certificate(job)
    print_json(answer) if as_json else tables.print_certificate(out, answer)


@app.command()
def model(
    job: options.JobId,
    trial: options.TrialOrWinner = None,
    output: options.Output = None,
    accept_different: options.AcceptDifferent = False,
    url: options.Url = options.DEFAULT_URL,
) -> None:
    """Have a trial trained again and write its network: the winner's, or that of TRIAL.

    The file is the same, byte for byte, every time; `hpsearch predict` uses it.
    """
    path = output or Path(f"{job}-{'winner' if trial is None else trial}.npz")
    with Client(url) as client:
        content = client.model(job, trial, accept_different, _telling())
    write_output(path, content)
    print(f"{path}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


@app.command()
def inside(
    job: options.JobId,
    trial: Annotated[int, typer.Argument(metavar="TRIAL", min=0, help="Its number.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")
    ] = None,
    url: options.Url = options.DEFAULT_URL,
) -> None:
    """Have a trial trained again and draw its network: filters, feature maps, mistakes and more."""
    folder = output or Path(f"{job}-{trial}")
    with Client(url) as client:
        pictures = client.inside(job, trial, _telling())
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        write_output(folder / f"{name}.png", content)
        print(folder / f"{name}.png")


@app.command()
def report(
    job: options.JobId,
    output: options.Output = None,
    accept_different: options.AcceptDifferent = False,
    url: options.Url = options.DEFAULT_URL,
) -> None:
    """Write a job as one page that any browser opens without a network, with the winner in it."""
    path = output or Path(f"{job}.html")
    with Client(url) as client:
        content = client.report(job, accept_different, _telling())
    write_output(path, content)
    print(f"{path}: {len(content):,} bytes")


def _telling() -> Callable[[Mapping[str, Any]], None]:
    """Says how far a trial is that is trained again."""
    console = console_of(as_json=True)

    def show(answer: Mapping[str, Any]) -> None:
        line = f"training trial {answer['number']} again: {answer['reached']:g} of "
        console.print(f"{line}{answer['goal']:g} epochs", highlight=False)

    return show


@app.command("export")
def export_job(
    job: options.JobId,
    output: options.Output = None,
    url: options.Url = options.DEFAULT_URL,
) -> None:
    """Write the whole job to one file, which `audit` and `verify` take instead of a job's id."""
    path = output or Path(f"{job}.zip")
    with Client(url) as client:
        content = client.export(job)
    write_output(path, content)
    print(f"{path}: {len(content):,} bytes")


@app.command("import")
def import_job(
    file: options.JobFile, url: options.Url = options.DEFAULT_URL, as_json: options.Json = False
) -> None:
    """Bring a job that `export` wrote into a server; the same file again changes nothing."""
    with Client(url) as client:
        job = client.import_job(read_input(file, MAX_JOB_FILE))
    print_json(job) if as_json else print(job["id"])


def _command(url: str, job: str, verb: str, as_json: bool) -> None:
    with Client(url) as client:
        answer = client.command(job, verb)
    if as_json:
        print_json(answer)
    else:
        print(f"{answer['id']} is {answer['state']}; asked to {verb}")
