"""The commands of `hpsearch`, each a few lines: read options, call, print."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version as version_of
from pathlib import Path

import typer
from rich.console import Console

from hpsearch.cli import options, tables
from hpsearch.cli.files import read_spec, read_valid_spec
from hpsearch.cli.lazy import LazyGroup
from hpsearch.cli.logs import LogFormat, LogLevel, configure
from hpsearch.cli.run import run_search
from hpsearch.cli.server import Server, address_of, bind
from hpsearch.cli.watch import Watcher, watch_until_end
from hpsearch.client import Client, line_of
from hpsearch.errors import HpsearchError, InvalidSpec, ServiceError

app = typer.Typer(
    cls=LazyGroup,
    help="Hyperparameter search for small convolutional networks, on your own machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

out = Console(markup=False, emoji=False)  # what servers say is text, not our markup
DATA_DIR = Path("data")


def main() -> None:
    """Run the command line. What goes wrong is said in a line for each problem; exit code 2."""
    try:
        app()
    except ServiceError as error:
        _fail(error.lines)
    except InvalidSpec as error:
        _fail([line_of(asdict(problem)) for problem in error.problems])
    except HpsearchError as error:
        _fail(str(error).splitlines())
    except BrokenPipeError:
        # Whoever read our output has left (`hpsearch jobs | head`); nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"hpsearch: {line}", file=sys.stderr)
    sys.exit(2)


@app.command()
def serve(
    host: options.Host = "127.0.0.1",
    port: options.Port = 8000,
    data_dir: options.DataDir = DATA_DIR,
    database_url: options.DatabaseUrl = None,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
    log_level: options.LogLevelOption = LogLevel.INFO,
    log_format: options.LogFormatOption = LogFormat.TEXT,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM."""
    configure(log_level, log_format)
    options.to_environment(host, port, data_dir, database_url, workers, cluster)
    listener = bind(host, port)
    line = f"hpsearch listens on {address_of(listener)} (Ctrl-C ends it)"
    Server(lambda: print(line, flush=True)).serve_on(listener)


@app.command()
def run(
    spec: options.Spec,
    leave: options.Leave = False,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8000,
    data_dir: options.DataDir = DATA_DIR,
    database_url: options.DatabaseUrl = None,
    workers: options.Workers = None,
    cluster: options.Cluster = None,
) -> None:
    """Serve, submit SPEC over HTTP, watch it and show its best trials."""
    configure(LogLevel.WARNING, LogFormat.TEXT)
    content = read_valid_spec(spec)
    options.to_environment(host, port, data_dir, database_url, workers, cluster)
    raise typer.Exit(run_search(content, bind(host, port), leave, out))


@app.command()
def submit(spec: options.Spec, url: options.Url = options.DEFAULT_URL) -> None:
    """Submit SPEC to a server and print the job's id."""
    with Client(url) as client:
        print(client.submit(read_spec(spec))["id"])


@app.command()
def watch(job: options.JobId, url: options.Url = options.DEFAULT_URL) -> None:
    """Watch a job until it has ended; exit code 0 where it completed."""
    with Client(url) as client, Watcher(out) as watcher:
        ended = watch_until_end(client, job, watcher)
    tables.print_result(out, client.url, ended, _best(url, job, 5))
    raise typer.Exit(0 if ended["state"] == "completed" else 1)


@app.command()
def jobs(url: options.Url = options.DEFAULT_URL, limit: options.Limit = 20) -> None:
    """List the newest jobs."""
    with Client(url) as client:
        tables.print_jobs(out, client.jobs(limit))


@app.command()
def best(
    job: options.JobId, url: options.Url = options.DEFAULT_URL, limit: options.Limit = 10
) -> None:
    """Show the best trials of a job."""
    tables.print_best(out, _best(url, job, limit))


@app.command()
def cancel(job: options.JobId, url: options.Url = options.DEFAULT_URL) -> None:
    """End a job; its finished trials stay."""
    _command(url, job, "cancel")


@app.command()
def pause(job: options.JobId, url: options.Url = options.DEFAULT_URL) -> None:
    """Train nothing more of a job until it is resumed."""
    _command(url, job, "pause")


@app.command()
def resume(job: options.JobId, url: options.Url = options.DEFAULT_URL) -> None:
    """Go on with a paused job."""
    _command(url, job, "resume")


@app.command()
def estimate(spec: options.Spec, url: options.Url = options.DEFAULT_URL) -> None:
    """Say what SPEC would take, without running it."""
    with Client(url) as client:
        tables.print_estimate(out, client.estimate(read_spec(spec)))


@app.command()
def digest(job: options.JobId, url: options.Url = options.DEFAULT_URL) -> None:
    """Print the SHA-256 of a job's result; the same spec and seed give the same."""
    with Client(url) as client:
        print(client.digest(job)["digest"])


@app.command()
def version() -> None:
    """Print the version."""
    print(version_of("hpsearch"))


def _best(url: str, job: str, limit: int) -> list[dict[str, object]]:
    with Client(url) as client:
        return client.best(job, limit)


def _command(url: str, job: str, verb: str) -> None:
    with Client(url) as client:
        answer = client.command(job, verb)
    print(f"{answer['id']} is {answer['state']}; asked to {verb}")
