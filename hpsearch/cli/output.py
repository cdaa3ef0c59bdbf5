"""What commands print: for people on any terminal, or as JSON for programs."""

import codecs
import json
import sys
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segments
from rich.table import Table

WIDEST = 10_000  # columns that a table may have

out = Console(markup=False, emoji=False)  # what servers say is text, not our markup

PLAIN: Mapping[str, str] = {"–": "-", "×": "x", "…": "...", "\N{REPLACEMENT CHARACTER}": "?"}
"""What to write where a terminal cannot show one of our own characters."""


def say_everything() -> None:
    """From now on a character that the terminal cannot show is written in others, never an error.

    Anything that PLAIN does not list becomes its number, as in a string of Python or JSON: \\u043f.
    """
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if letter in PLAIN:
        return PLAIN[letter], error.start + 1
    return codecs.backslashreplace_errors(error)


def print_json(answer: object, stream: TextIO | None = None) -> None:
    """Print an answer as JSON, without colour, for any terminal and any pipe."""
    stream = stream or sys.stdout
    ascii_only = (stream.encoding or "ascii").lower().replace("-", "") != "utf8"
    print(json.dumps(answer, indent=2, ensure_ascii=ascii_only), file=stream)


def print_table(console: Console, table: Table) -> None:
    """Print a table as wide as what stands in it: where a terminal is narrower, lines go on below.

    An id that is cut, or folded over three lines, cannot be copied.
    """
    wide = console.options.update(width=WIDEST)
    options = console.options.update(width=Measurement.get(console, wide, table).maximum)
    console.print(Segments(console.render(table, options)), crop=False, end="")
