"""`hpsearch token`, the variable that holds one, and what a server says that it listens on."""

import json
import re
import socket
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
import pytest

from hpsearch.access import Identity, Scope
from hpsearch.cli import main
from hpsearch.cli.server import bound_to
from hpsearch.cli.tokens import lifetime_of
from hpsearch.client import Client
from hpsearch.errors import TokenError
from hpsearch.tokens import TokenFile


class Line:
    """The command line for one data folder."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self.patch, self.capsys = folder, patch, capsys

    def run(self, *words: str) -> str:
        """What it prints; the last line, with its exit code, where it is not 0."""
        given = ["hpsearch", "token", *words, "--data-dir", str(self.folder)]
        self.patch.setattr(sys, "argv", given)
        with pytest.raises(SystemExit) as caught:
            main()
        printed = self.capsys.readouterr()
        code = caught.value.code or 0
        return f"{code}: {printed.err.splitlines()[-1]}" if code else printed.out


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Line:
    return Line(tmp_path, monkeypatch, capsys)


def test_a_token_is_shown_once_listed_and_revoked(line: Line) -> None:
    secret = line.run("create", "ann", "--scope", "submit", "--expires", "30d").strip()
    file = TokenFile(line.folder)
    assert file.identify(secret) == Identity("ann", Scope.SUBMIT)
    assert re.search(r"ann\b.*submit", line.run("list"))
    [listed] = json.loads(line.run("list", "--json"))["items"]
    assert (listed["name"], listed["scope"], listed["valid"]) == ("ann", "submit", True)
    assert secret not in line.run("list") + str(listed)
    assert line.run("create", "ann", "--scope", "read").startswith("2: ")
    assert "ann is revoked" in line.run("revoke", "ann")
    assert file.identify(secret) is None
    assert "2: " in line.run("revoke", "ann")
    log = (line.folder / "audit.log").read_text()
    assert "created token ann (submit)" in log
    assert "revoked token ann" in log
    assert secret not in log


def test_lifetimes() -> None:
    assert lifetime_of("12h") == timedelta(hours=12)
    assert lifetime_of("8w") == timedelta(weeks=8)
    for wrong in ("", "30", "0d", "1y", "-1d", "99999d", "30d\n", "٣d"):
        with pytest.raises(TokenError, match="--expires takes"):
            lifetime_of(wrong)


@pytest.mark.parametrize(
    ("variable", "given", "shown"),
    [
        ("one", None, "Bearer one"),
        ("one", "other", "Bearer other"),
        ("one", "", None),
        (None, None, None),
    ],
)
def test_the_client_shows_the_token_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, given: str | None, shown: str | None
) -> None:
    if variable:
        monkeypatch.setenv("HPSEARCH_TOKEN", variable)
    made: list[dict[str, str]] = []
    connect = httpx.Client

    def noting(**options: Any) -> httpx.Client:
        made.append(options["headers"])
        return connect(**options)

    monkeypatch.setattr(httpx, "Client", noting)
    Client("http://127.0.0.1:1", token=given).close()
    assert made[0].get("Authorization") == shown


@dataclass
class Listener:
    """As a socket that listens."""

    host: str

    def getsockname(self) -> tuple[str, int]:
        return self.host, 8000


@pytest.mark.parametrize(
    ("host", "scheme", "told"),
    [
        ("127.0.0.1", "http", "http://127.0.0.1:8000"),
        ("10.0.0.7", "https", "https://10.0.0.7:8000"),
        ("::1", "http", "http://[::1]:8000"),
        ("0.0.0.0", "http", "http://0.0.0.0:8000, which is all addresses of this machine"),  # noqa: S104 - told, not bound to
        ("::", "http", "http://[::]:8000, which is all addresses of this machine"),
    ],
)
def test_what_a_server_says_that_it_listens_on(host: str, scheme: str, told: str) -> None:
    assert bound_to(cast(socket.socket, Listener(host)), scheme) == told
