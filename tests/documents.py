"""Code blocks of Markdown pages, run as a reader would run them: one after another, in one folder.

`sh` and `python` blocks run; what only shows something stands in `console` or unnamed blocks.
Variables that a shell block sets are there in all that follow.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.service import ROOT

WRITTEN = "http://127.0.0.1:8000"
"""The server of which the pages speak."""
TIMEOUT = 120.0  # seconds for one block
MAKE = f'make() {{ command make --dry-run --directory {shlex.quote(str(ROOT))} "$@"; }}'


@dataclass(frozen=True)
class Block:
    """line: of the page, where the block begins."""

    language: str
    line: int
    text: str


def all_blocks(page: str) -> list[Block]:
    """The code blocks of a page, in order; the language is empty if none is named."""
    found = []
    for match in re.finditer(r"^```([^\n`]*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        line = page[: match.start()].count("\n") + 1
        found.append(Block(match[1], line, match[2]))
    return found


def blocks(page: str) -> list[Block]:
    """Those that run."""
    return [block for block in all_blocks(page) if block.language in ("sh", "python")]


def put_in(text: str, words: dict[str, str]) -> str:
    """The text with what a reader puts in for its words.

    A word that the text sets as a variable is none of them any more, and leaves `words`.
    """
    for name in re.findall(r"^(\w+)=", text, re.MULTILINE):
        words.pop(name, None)
    for written, meant in words.items():
        text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", meant, text)
    return text


class Reader:
    """Runs blocks against a server; `words` are what a reader puts in, as a job's id for ID.

    data: folder of what commands keep on this machine. python: what Python blocks take for granted.
    Of `make` it is only seen that it knows the target.
    """

    def __init__(
        self, folder: Path, url: str, words: Mapping[str, str], data: Path, python: str = ""
    ) -> None:
        self._folder, self._python = folder, python
        self._words = {WRITTEN: url, **words}
        self._variables = folder / "variables"
        self._variables.touch()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path, "HPSEARCH_URL": url}
        self._environment["HPSEARCH_DATA_DIR"] = str(data)

    def run(self, block: Block) -> str:
        """What the block says; fails with it, and with its line, unless it ends well."""
        text = put_in(block.text, self._words)
        began = subprocess.run(
            self._command(block.language, text),
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        said = began.stdout + began.stderr
        assert began.returncode == 0, f"the block of line {block.line} ends with {said}"
        return said

    def _command(self, language: str, text: str) -> Sequence[str]:
        before = f"set -aeuo pipefail; . {self._variables}; {MAKE}"
        if language == "python":
            text = f"{self._python}\n{text}"
            return ["bash", "-c", f'{before}; exec "$0" -c "$1"', sys.executable, text]
        return ["bash", "-c", f"{before}\n{text}\nexport -p > {self._variables}"]
