"""Options that several commands share; each may also come from a HPSEARCH_ variable."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hpsearch.cli.logs import LogFormat, LogLevel

DEFAULT_URL = "http://127.0.0.1:8000"

Host = Annotated[str, typer.Option(envvar="HPSEARCH_HOST", help="Address to listen on.")]
Port = Annotated[
    int,
    typer.Option(envvar="HPSEARCH_PORT", min=0, max=65535, help="Port; 0 takes a free one."),
]
DataDir = Annotated[
    Path,
    typer.Option(
        envvar="HPSEARCH_DATA_DIR",
        file_okay=False,
        help="Folder of the database and the data sets; made where it is missing.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="HPSEARCH_DATABASE_URL",
        show_envvar=True,
        help="sqlite:///… or postgresql+psycopg://…; by default hpsearch.db in the data folder.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        envvar="HPSEARCH_WORKERS", min=1, max=1024, help="Worker processes; one for each core."
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        envvar="HPSEARCH_CLUSTER", help="Dask scheduler to use instead: tcp://… or tls://…"
    ),
]
LogLevelOption = Annotated[
    LogLevel, typer.Option(envvar="HPSEARCH_LOG_LEVEL", help="The least to log.")
]
LogFormatOption = Annotated[
    LogFormat, typer.Option(envvar="HPSEARCH_LOG_FORMAT", help="Lines for people or machines.")
]
Url = Annotated[str, typer.Option(envvar="HPSEARCH_URL", help="Address of the server.")]
Spec = Annotated[Path, typer.Argument(help="A search spec, as JSON.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]
Leave = Annotated[bool, typer.Option("--exit", help="Leave when the job has ended.")]
DatasetName = Annotated[str, typer.Argument(metavar="NAME", help="Its name: a-z, 0-9, _ and -.")]
DatasetFile = Annotated[
    Path, typer.Argument(metavar="FILE", help=".npz with x_train, y_train, x_test, y_test.")
]
Trials = Annotated[int, typer.Option(min=1, help="How many trials to train again.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many to show.")]


def to_environment(
    host: str,
    port: int,
    data_dir: Path,
    database_url: str | None,
    workers: int | None,
    cluster: str | None,
) -> None:
    """Hand options on to the server, which reads its settings from the environment.

    The server is named to uvicorn, never imported here: the command line belongs to the inner
    package, the server to the outer one.
    """
    given = {
        "HOST": host,
        "PORT": port,
        "DATA_DIR": data_dir,
        "DATABASE_URL": database_url,
        "WORKERS": workers,
        "CLUSTER": cluster,
    }
    for name, value in given.items():
        if value is not None:
            os.environ[f"HPSEARCH_{name}"] = str(value)
