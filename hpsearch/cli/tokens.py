"""`hpsearch token`: who may use the servers of a data folder."""

import getpass
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hpsearch import settings
from hpsearch.access import Scope
from hpsearch.audit_log import AuditLog
from hpsearch.cli import options
from hpsearch.cli.output import out, print_json, print_table
from hpsearch.errors import InvalidSettings, TokenError
from hpsearch.tokens import Token, TokenFile

app = typer.Typer(help="Tokens: who may use the servers of a data folder.", no_args_is_help=True)

DATA_DIR = settings.DATA_DIR.default
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MAX_LIFETIME = timedelta(days=3660)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Whose it is; jobs and data sets get this owner.")
]
ScopeOption = Annotated[
    Scope,
    typer.Option(
        help="read looks, submit also submits and changes its own, admin changes all; "
        "metrics scrapes /metrics only."
    ),
]
Expires = Annotated[
    str | None, typer.Option(metavar="TIME", help="After which it ends: 12h, 30d or 8w.")
]


@app.command("create")
def create_token(
    name: Name,
    scope: ScopeOption,
    expires: Expires = None,
    data_dir: options.DataDir = DATA_DIR,
    as_json: options.Json = False,
) -> None:
    """Create a token and print it, this once; only its hash is kept."""
    lifetime = None if expires is None else lifetime_of(expires)
    secret = TokenFile(data_dir).create(name, scope, lifetime)
    _note(data_dir, f"created token {name} ({scope})")
    print_json({"name": name, "scope": scope, "token": secret}) if as_json else print(secret)


@app.command("list")
def list_tokens(data_dir: options.DataDir = DATA_DIR, as_json: options.Json = False) -> None:
    """List the tokens: names, scopes and times, never the secrets."""
    tokens = TokenFile(data_dir).all()
    if as_json:
        print_json({"items": [_to_json(token) for token in tokens]})
        return
    table = Table("name", "scope", "created", "expires")
    now = datetime.now(UTC)
    for token in tokens:
        expires = "never" if token.expires_at is None else f"{token.expires_at:%Y-%m-%d %H:%M}"
        told = expires if token.valid(now) else f"{expires} (has expired)"
        table.add_row(token.name, token.scope, f"{token.created_at:%Y-%m-%d %H:%M}", told)
    print_table(out, table)


@app.command("revoke")
def revoke_token(
    name: Name, data_dir: options.DataDir = DATA_DIR, as_json: options.Json = False
) -> None:
    """End a token and its logins, at once, also on servers that run."""
    TokenFile(data_dir).revoke(name)
    _note(data_dir, f"revoked token {name}")
    print_json({"revoked": name}) if as_json else print(f"{name} is revoked")


def lifetime_of(text: str) -> timedelta:
    """Of `30d`; raises TokenError for what is not such a time."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    lifetime = int(match[1]) * UNITS[match[2]] if match else None
    if lifetime is None or lifetime > MAX_LIFETIME:
        raise TokenError(f"--expires takes 12h, 30d or 8w, up to ten years, not {text!r}")
    return lifetime


def _to_json(token: Token) -> dict[str, object]:
    return {
        "name": token.name,
        "scope": token.scope,
        "created_at": token.created_at.isoformat(),
        "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
        "valid": token.valid(datetime.now(UTC)),
    }


def _note(data_dir: Path, what: str) -> None:
    """In the audit log, under the name of this machine's user."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "unknown user"
    try:
        AuditLog(data_dir).write(f"{who} (command line)", what)
    except OSError as error:
        raise InvalidSettings(f"cannot write the audit log: {error.strerror}") from None
