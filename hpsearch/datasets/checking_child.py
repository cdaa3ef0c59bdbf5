"""Checking in a process of its own, with limits of memory, time and file size.

A server checks what comes over the network here: whatever a file makes a reader do, it ends with
the process. The process reads a request, one line of JSON, and answers with lines of JSON: its
progress, and at last the facts or the reasons.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hpsearch.datasets.checking import check, check_published, no_progress
from hpsearch.datasets.facts import Facts
from hpsearch.datasets.image_files import Progress
from hpsearch.errors import DatasetError, DatasetRefused

LOOK = 0.2  # seconds between looks whether to stop
PROGRESS = 0.2  # seconds between lines of progress
MAX_ANSWER = 16 * 2**20  # bytes


@dataclass(frozen=True)
class Limits:
    """What a check may use. The largest data set takes twice its 4 GiB while it is checked."""

    memory: int = 10 * 2**30  # bytes of address space
    seconds: float = 600.0
    file: int = 5 * 2**30  # bytes of any file that it writes


DEFAULT_LIMITS = Limits()


def check_in_child(
    source: Path,
    draft: Path,
    called: str | None = None,
    size: int | None = None,
    progress: Progress = no_progress,
    limits: Limits = DEFAULT_LIMITS,
    stop: threading.Event | None = None,
) -> Facts:
    """As `checking.check`; raises DatasetError, too, if a limit is reached or `stop` is set."""
    request = {"source": str(source), "draft": str(draft), "called": called, "size": size}
    return _ask(request, called or source.name, progress, limits, stop)


def check_published_in_child(
    name: str,
    paths: Mapping[str, Path],
    draft: Path,
    limits: Limits = DEFAULT_LIMITS,
    stop: threading.Event | None = None,
) -> Facts:
    """As `checking.check_published`, with the same errors beside."""
    files = {file: str(path) for file, path in paths.items()}
    request = {"published": name, "paths": files, "draft": str(draft)}
    return _ask(request, name, no_progress, limits, stop)


def _ask(
    request: Mapping[str, Any],
    called: str,
    progress: Progress,
    limits: Limits,
    stop: threading.Event | None,
) -> Facts:
    asked = json.dumps({**request, "memory": limits.memory, "file": limits.file})
    answers: list[dict[str, Any]] = []
    with subprocess.Popen(
        [sys.executable, "-m", "hpsearch.datasets.checking_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        listener = threading.Thread(
            target=_listen, args=(process, asked, answers, progress), daemon=True
        )
        listener.start()
        stopped = _wait(listener, process, limits, stop)
    if stopped:
        raise DatasetError(f"{called}: {stopped}")
    return _facts(answers, called, process.returncode, limits)


def _environment() -> dict[str, str]:
    """No password of the server is inherited; one thread of BLAS reserves no memory for others."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HPSEARCH_")}
    return {**mine, "OPENBLAS_NUM_THREADS": "1"}


def _listen(
    process: "subprocess.Popen[bytes]",
    asked: str,
    answers: list[dict[str, Any]],
    progress: Progress,
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(asked.encode() + b"\n")
        process.stdin.close()
    except BrokenPipeError:
        return  # it ended before it listened; its exit code says so
    while line := process.stdout.readline(MAX_ANSWER):
        answer = json.loads(line)
        if "progress" in answer:
            progress(*answer["progress"])
        else:
            answers.append(answer)


def _wait(
    listener: threading.Thread,
    process: "subprocess.Popen[bytes]",
    limits: Limits,
    stop: threading.Event | None,
) -> str | None:
    """Until the process has answered; why it was stopped, if it was."""
    deadline = time.monotonic() + limits.seconds
    stopped = None
    while listener.is_alive():
        listener.join(LOOK)
        if stop is not None and stop.is_set():
            stopped = "the check was stopped"
        elif time.monotonic() > deadline:
            stopped = f"the check took longer than {limits.seconds:g} s, the maximum"
        if stopped:
            process.kill()
    return stopped


def _facts(answers: list[dict[str, Any]], called: str, returncode: int, limits: Limits) -> Facts:
    answer = answers[-1] if answers else {}
    if "facts" in answer:
        return Facts.from_json(answer["facts"])
    if "problems" in answer:
        raise DatasetRefused(answer["source"], answer["problems"])
    if "error" in answer:
        raise DatasetError(answer["error"])
    raise DatasetError(
        f"{called}: the check ended without an answer (code {returncode}); the maximum is "
        f"{limits.memory / 2**30:.1f} GiB of memory and {limits.file / 2**30:.1f} GiB of files"
    )


def main(asked: IO[str], out: IO[str]) -> None:
    """The process: answers one request."""
    request = json.loads(asked.readline())
    for limit, value in (
        (resource.RLIMIT_AS, request["memory"]),
        (resource.RLIMIT_FSIZE, request["file"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        answer: dict[str, Any] = {"facts": _checked(request, _reporter(out)).to_json()}
    except DatasetRefused as error:
        answer = {"source": error.source, "problems": error.problems}
    except DatasetError as error:
        answer = {"error": str(error)}
    except MemoryError:
        name = request.get("called") or request.get("published") or "it"
        answer = {
            "error": f"{name} does not fit into {request['memory'] / 2**30:.1f} GiB of memory"
        }
    print(json.dumps(answer), file=out, flush=True)


def _checked(request: Mapping[str, Any], progress: Progress) -> Facts:
    draft = Path(request["draft"])
    if "published" in request:
        paths = {file: Path(path) for file, path in request["paths"].items()}
        return check_published(request["published"], paths, draft)
    source = Path(request["source"])
    return check(source, draft, request["called"], request["size"], progress)


def _reporter(out: IO[str]) -> Callable[[str, int, int], None]:
    """Progress as lines, but not more of them than somebody can read."""
    last = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS:
            last = time.monotonic()
            print(json.dumps({"progress": [what, done, total]}), file=out, flush=True)

    return report


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
