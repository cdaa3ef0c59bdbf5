"""`hpsearch doctor`: whether this machine, its data folder and a server are as they should be."""

import errno
import os
import platform
import re
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import hpsearch
from hpsearch.cli.output import out, print_json
from hpsearch.cli.tables import printable
from hpsearch.client import Client
from hpsearch.environment import environment, not_portable
from hpsearch.errors import HpsearchError
from hpsearch.portable import asked_for
from hpsearch.settings import DATABASE_URL

LITTLE_SPACE, NO_SPACE = 2e9, 2e8  # bytes
VERSIONS = "hpsearch_version"  # the table with the version of the others
PATIENCE = 5.0  # seconds for an answer of the server


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, in words, and what to do about it."""

    what: str
    level: Level
    words: str
    advice: str = ""


def examine(data_dir: Path, host: str, port: int, url: str) -> Iterator[Finding]:
    """Look at everything, from the inside out."""
    yield Finding("Python", Level.OK, f"{platform.python_version()} on {platform.system()}")
    yield packages(requires("hpsearch") or [])
    yield blas()
    yield portable()
    yield folder(data_dir)
    yield space(data_dir)
    yield database(data_dir)
    answering = server(url)
    yield listening(host, port, answering.level is Level.OK and url.endswith(f":{port}"))
    yield answering


def packages(declared: Sequence[str]) -> Finding:
    """Whether all that hpsearch declares is installed; extras are left out."""
    names = [re.split(r"[^\w.-]", each)[0] for each in declared if "extra ==" not in each]
    missing = []
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        advice = "install hpsearch again: make setup, or pip install hpsearch"
        return Finding("packages", Level.FAULT, f"missing: {', '.join(missing)}", advice)
    shown = ", ".join(f"{name} {version(name)}" for name in ("numpy", "optuna", "distributed"))
    return Finding("packages", Level.OK, f"all {len(names)} are here; {shown}")


def blas() -> Finding:
    """Which one NumPy uses. Workers use one thread each, whatever this process would."""
    facts = environment()
    words = f"{facts['blas']} on {facts['processor']}"
    if facts["blas"] == "unknown":
        advice = "the networks run, but slowly: use NumPy's own wheel, which brings OpenBLAS"
        return Finding("BLAS", Level.WARNING, words, advice)
    return Finding("BLAS", Level.OK, f"{words}; workers use one thread each")


def portable() -> Finding:
    """Only a process that was started pinned can say whether it is."""
    if not asked_for():
        return Finding("portable", Level.OK, "not asked for: bits are those of this processor")
    reason = not_portable()
    if reason is None:
        return Finding("portable", Level.OK, "pinned to AVX2")
    return Finding("portable", Level.FAULT, reason, "serve without HPSEARCH_PORTABLE")


def folder(data_dir: Path) -> Finding:
    """Whether a server could write to it, or make it."""
    place = nearest(data_dir)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        words = f"{data_dir.absolute()} cannot be written: {error.strerror}"
        return Finding("data folder", Level.FAULT, words, "choose another with --data-dir")
    made = "" if place == data_dir else "; it is made when a server starts"
    return Finding("data folder", Level.OK, f"{data_dir.absolute()}{made}")


def space(data_dir: Path) -> Finding:
    """How much is left where the data folder is."""
    free = shutil.disk_usage(nearest(data_dir)).free
    level = Level.FAULT if free < NO_SPACE else Level.WARNING if free < LITTLE_SPACE else Level.OK
    advice = "" if level is Level.OK else "delete old jobs (hpsearch prune) or data sets"
    return Finding("disk", level, f"{free / 1e9:.1f} GB free", advice)


def database(data_dir: Path) -> Finding:
    """The version of its tables; that of a PostgreSQL server is said by the server that uses it."""
    if os.environ.get(DATABASE_URL.variable):
        return Finding("database", Level.OK, f"{DATABASE_URL.variable} is set; see the server")
    file = data_dir / "hpsearch.db"
    if not file.exists():
        return Finding("database", Level.OK, "none yet; it is made when a server starts")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            [found] = opened.execute(f"SELECT version_num FROM {VERSIONS}").fetchone()  # noqa: S608 - ours
    except (sqlite3.Error, TypeError) as error:
        advice = "move it away, or restore it from a copy"
        return Finding("database", Level.FAULT, f"{file} is not ours, or broken: {error}", advice)
    return Finding("database", Level.OK, f"SQLite {sqlite3.sqlite_version}, tables of {found}")


def listening(host: str, port: int, ours: bool) -> Finding:
    """Whether a server could listen there. ours: whether one does, and is the one that answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError) as error:
        if ours:
            return Finding("port", Level.OK, f"{port} on {host} is that of the server below")
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        words = "is in use" if taken else f"cannot be had: {error}"
        return Finding("port", Level.FAULT, f"{port} on {host} {words}", "choose another: --port")
    return Finding("port", Level.OK, f"{port} on {host} is free")


def server(url: str) -> Finding:
    """Whether one answers, is ready, and is of this version."""
    try:
        with Client(url, timeout=PATIENCE, retries=0) as client:
            ready = client.get("/readyz")
            theirs = client.get("/openapi.json").get("info", {}).get("version")
    except HpsearchError as error:
        advice = "start one (hpsearch serve), or name another with --url; see also HPSEARCH_TOKEN"
        return Finding("server", Level.WARNING, str(error).splitlines()[0], advice)
    words = f"{url} is ready, with {ready.get('workers')} workers"
    if ready.get("problems"):
        return Finding("server", Level.WARNING, f"{words}; {'; '.join(ready['problems'])}")
    if theirs != hpsearch.__version__:
        words = f"{words}; it is of version {theirs}, this one of {hpsearch.__version__}"
        return Finding("server", Level.WARNING, words, "update the older one")
    return Finding("server", Level.OK, f"{words}, of version {theirs}")


def nearest(path: Path) -> Path:
    """The folder itself, or the nearest one above that is there."""
    return next((each for each in (path, *path.absolute().parents) if each.is_dir()), Path())


def report(findings: Sequence[Finding], as_json: bool) -> None:
    """A line for each, and what to do below it."""
    if as_json:
        print_json({"findings": [asdict(each) for each in findings]})
        return
    for each in findings:
        out.print(
            printable(f"{each.level:8} {each.what:12} {each.words}"),
            highlight=False,
            soft_wrap=True,
        )
        if each.advice:
            out.print(printable(f"{'':21} {each.advice}"), highlight=False, soft_wrap=True)
