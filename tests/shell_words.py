"""What shell lines of the documents would start, and whether our command line would take it."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from hpsearch.cli.commands import app

JOINS = {"&&", "||", "|", ";", "&", "do", "(", ")"}
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command, without what is assigned before it or redirected after it."""
    for line in re.sub(r"\\\n\s*", " ", text).replace("$(", " ; ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&<>")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if word in JOINS:
                if kept := _without_redirections(command):
                    yield kept
                command = []
            elif command or not ASSIGNMENT.fullmatch(word):
                command.append(word)


def _without_redirections(words: Sequence[str]) -> list[str]:
    ends = [place for place, word in enumerate(words) if word[0] in "<>"]
    return list(words[: min(ends, default=len(words))])


def problem_of(words: Sequence[str], whole: bool = True) -> str | None:
    """Why `hpsearch WORDS` is not a command; None if it is one. Values that name files are not
    looked at. whole: whether what is required must be there."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command)
    rest = list(words)
    while True:
        try:
            if hasattr(command, "get_command"):
                if not rest or rest[0].startswith("-"):
                    command.make_parser(context).parse_args(rest)
                    return None
                name = rest.pop(0)
                below = command.get_command(context, name)
                if below is None:
                    return f"there is no command {name}"
                command = below
                context = typer.Context(below, parent=context, **below.context_settings)
                continue
            given, more, _ = command.make_parser(context).parse_args(rest)
        except Exception as error:  # typer's own kinds are private
            return str(getattr(error, "message", error))
        if more and not context.allow_extra_args:
            return f"{more} are too many"
        lacking = [
            each.name for each in command.params if each.required and not given.get(each.name)
        ]
        return f"{lacking} are lacking" if whole and lacking else None
