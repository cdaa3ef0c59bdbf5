"""The `hpsearch` command: errors as lines and exit codes, and the commands that serve."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

import hpsearch
from hpsearch import settings
from hpsearch.cli import jobs, looking, options, steering, tokens
from hpsearch.cli.files import read_valid_spec
from hpsearch.cli.init import write_starter
from hpsearch.cli.lazy import LazyGroup
from hpsearch.cli.logs import LogFormat, LogLevel, configure
from hpsearch.cli.output import print_json, say_everything
from hpsearch.cli.run import run_search
from hpsearch.cli.server import Edge, Server, bind, bound_to, end_process
from hpsearch.cli.worker import become_worker
from hpsearch.client import line_of
from hpsearch.errors import DatasetRefused, HpsearchError, InvalidSpec, ServiceError
from hpsearch.runner.surroundings import check_surroundings

EXIT_CODES = (
    "Exit codes: 0 done; 1 a search that was cancelled or failed, an audit or a verification that "
    "differs, a fault that doctor found; 2 anything else that went wrong, with a line for each "
    "reason; 3 a search that ended without a best trial; 130 interrupted."
)

app = typer.Typer(
    cls=LazyGroup,
    help="Hyperparameter search for small convolutional networks, on your own machines.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line. What goes wrong is said in a line for each problem; exit code 2."""
    say_everything()
    try:
        app()
    except ServiceError as error:
        _fail(error.lines)
    except InvalidSpec as error:
        _fail([line_of(asdict(problem)) for problem in error.problems])
    except DatasetRefused as error:
        _fail([f"{error.source}: {problem}" for problem in error.problems])
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
    host: options.Host = settings.HOST.default,
    port: options.Port = settings.PORT.default,
    data_dir: options.DataDir = settings.DATA_DIR.default,
    database_url: options.DatabaseUrl = settings.DATABASE_URL.default,
    workers: options.Workers = settings.WORKERS.default,
    cluster: options.Cluster = settings.CLUSTER.default,
    portable: options.Portable = settings.PORTABLE.default,
    root_path: options.RootPath = settings.ROOT_PATH.default,
    allowed_hosts: options.AllowedHosts = settings.ALLOWED_HOSTS.default,
    trusted_proxies: options.TrustedProxies = settings.TRUSTED_PROXIES.default,
    tls_cert: options.TlsCert = settings.TLS_CERT.default,
    tls_key: options.TlsKey = settings.TLS_KEY.default,
    insecure_no_auth: options.InsecureNoAuth = settings.INSECURE_NO_AUTH.default,
    log_level: options.LogLevelOption = LogLevel.INFO,
    log_format: options.LogFormatOption = LogFormat.TEXT,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM."""
    configure(log_level, log_format)
    check_surroundings()
    options.to_environment(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=database_url,
        workers=workers,
        cluster=cluster,
        portable=portable,
        root_path=root_path,
        allowed_hosts=allowed_hosts,
        trusted_proxies=trusted_proxies,
        tls_cert=tls_cert,
        tls_key=tls_key,
        insecure_no_auth=insecure_no_auth,
    )
    edge = Edge(tls_cert, tls_key, trusted_proxies)
    listener = bind(host, port)
    line = f"hpsearch listens on {bound_to(listener, edge.scheme)} (Ctrl-C ends it)"
    server = Server(lambda: print(line, flush=True), edge)
    try:
        server.serve_on(listener)
    except SystemExit as error:
        if error.code:
            raise
    end_process(server.exit_code)


@app.command()
def run(
    spec: options.Spec,
    leave: options.Leave = False,
    as_json: options.Json = False,
    host: options.Host = settings.HOST.default,
    port: options.Port = settings.PORT.default,
    data_dir: options.DataDir = settings.DATA_DIR.default,
    database_url: options.DatabaseUrl = settings.DATABASE_URL.default,
    workers: options.Workers = settings.WORKERS.default,
    cluster: options.Cluster = settings.CLUSTER.default,
    portable: options.Portable = settings.PORTABLE.default,
    root_path: options.RootPath = settings.ROOT_PATH.default,
) -> None:
    """Serve, submit SPEC over HTTP, watch it and show its best trials.

    Exit codes with --exit: as of `watch`. Without it 0, or 2 if the spec was refused.
    """
    configure(LogLevel.WARNING, LogFormat.TEXT)
    valid = read_valid_spec(spec)
    check_surroundings()
    options.to_environment(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=database_url,
        workers=workers,
        cluster=cluster,
        portable=portable,
        root_path=root_path,
    )
    end_process(run_search(valid, bind(host, port), leave, as_json))


app.add_typer(jobs.app)
app.add_typer(looking.app)
app.add_typer(steering.app)
app.add_typer(tokens.app, name="token")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def worker(
    context: typer.Context,
    scheduler: options.Scheduler,
    portable: options.Portable = settings.PORTABLE.default,
) -> None:
    """Train for servers that use this Dask scheduler; takes the options of `dask worker` too."""
    become_worker(scheduler, portable, context.args)


@app.command()
def init(file: options.NewSpec = Path("spec.toml"), force: options.Force = False) -> None:
    """Write a search spec to begin with, as TOML with comments."""
    write_starter(file, force)
    print(f"{file} is written; next: hpsearch run {file}")


@app.command()
def version(as_json: options.Json = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": hpsearch.__version__})
    else:
        print(hpsearch.__version__)
