"""`python -m harness.command_reference`: docs/commands.md, from the commands themselves."""

import sys
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from hpsearch.cli.commands import app

FILE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """<!-- Written by: python -m harness.command_reference -->

"""


def reference() -> str:
    """All commands with their arguments and options, as Markdown."""
    command = typer.main.get_command(app)
    found = get_docs_for_click(obj=command, ctx=typer.Context(command), name="hpsearch")
    lines = (line.rstrip() for line in found.rstrip().splitlines())
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    FILE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
