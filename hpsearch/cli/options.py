"""Options that several commands share; each may also come from a HPSEARCH_ variable."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hpsearch import settings
from hpsearch.cli.logs import LogFormat, LogLevel
from hpsearch.portable import pin

DEFAULT_URL = f"http://{settings.HOST.default}:{settings.PORT.default}"


def _option(setting: settings.Setting[Any], **more: Any) -> Any:
    """The option for a setting of the server."""
    flags = (f"--{setting.name.replace('_', '-')}",) if isinstance(setting.default, bool) else ()
    return typer.Option(
        *flags,
        envvar=setting.variable,
        min=setting.least,
        max=setting.most,
        help=setting.help,
        **more,
    )


Host = Annotated[str, _option(settings.HOST)]
Port = Annotated[int, _option(settings.PORT)]
DataDir = Annotated[Path, _option(settings.DATA_DIR, file_okay=False)]
DatabaseUrl = Annotated[str | None, _option(settings.DATABASE_URL, show_envvar=True)]
Workers = Annotated[int | None, _option(settings.WORKERS)]
Cluster = Annotated[str | None, _option(settings.CLUSTER)]
RootPath = Annotated[str, _option(settings.ROOT_PATH)]
Portable = Annotated[bool, _option(settings.PORTABLE)]
AllowedHosts = Annotated[str, _option(settings.ALLOWED_HOSTS)]
InsecureNoAuth = Annotated[bool, _option(settings.INSECURE_NO_AUTH)]
TrustedProxies = Annotated[str, _option(settings.TRUSTED_PROXIES)]
TlsCert = Annotated[Path | None, _option(settings.TLS_CERT)]
TlsKey = Annotated[Path | None, _option(settings.TLS_KEY)]
Scheduler = Annotated[str, typer.Argument(metavar="SCHEDULER", help="tcp://… or tls://…")]
LogLevelOption = Annotated[
    LogLevel, typer.Option(envvar="HPSEARCH_LOG_LEVEL", help="The least to log.")
]
LogFormatOption = Annotated[
    LogFormat, typer.Option(envvar="HPSEARCH_LOG_FORMAT", help="Lines for people or machines.")
]
Url = Annotated[str, typer.Option(envvar="HPSEARCH_URL", help="Address of the server.")]
OtherServer = Annotated[
    str | None, typer.Option("--url", help="Ask this server instead of looking in the data folder.")
]
Spec = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC",
        help="A search spec: JSON, or TOML or YAML by its name; - reads JSON from standard input.",
    ),
]
NewSpec = Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")]
Force = Annotated[bool, typer.Option("--force", help="Also over a file that is there.")]


StateName = Literal["queued", "running", "paused", "completed", "cancelled", "failed"]
OrderName = Literal["newest", "oldest", "name", "best", "time"]
# As JobState and JobOrder have them, whose module would bring NumPy into every command.

State = Annotated[StateName | None, typer.Option(help="Only jobs in this state.")]
Label = Annotated[str | None, typer.Option(help="Only jobs with this label.")]
SearchText = Annotated[str | None, typer.Option("--text", help="Only jobs that have it in them.")]
Archived = Annotated[bool, typer.Option("--archived", help="Those that were archived.")]
OrderOption = Annotated[OrderName, typer.Option(help="What comes first.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]
JobOrFile = Annotated[
    str, typer.Argument(metavar="JOB", help="The job's id, or a file that `export` wrote.")
]
JobFile = Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")]
Leave = Annotated[bool, typer.Option("--exit", help="Leave when the job has ended.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Trials = Annotated[int, typer.Option(min=1, help="How many trials to train again.")]
OlderThan = Annotated[
    str, typer.Option(metavar="AGE", help="Such as 30d: m minutes, h hours, d days, w weeks.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")]
TrialOrWinner = Annotated[
    int | None, typer.Argument(metavar="[TRIAL]", min=0, help="Its number; the winner if left out.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Where to write it.", dir_okay=False)
]
AcceptDifferent = Annotated[
    bool,
    typer.Option("--accept-different", help="Take it also if it came out other than recorded."),
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.npz.")]
Images = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG, JPEG or .npz files.")]
Resize = Annotated[
    bool, typer.Option("--resize", help="Cut images to the model's shape and resize them.")
]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many to show.")]


def to_environment(**given: object) -> None:
    """Hand options on, by the names of their settings, to the server, which reads its settings from
    the environment.

    The server is named to uvicorn, never imported here: the command line belongs to the inner
    package, the server to the outer one.
    """
    if given.pop("portable", False):
        pin()
    known = [each for each in vars(settings).values() if isinstance(each, settings.Setting)]
    variables = {each.name: each.variable for each in known}
    for name, value in given.items():
        if value is not None:
            os.environ[variables[name]] = str(value)
