"""docs/commands.md is what the commands say of themselves.

After a change of them: python -m harness.command_reference
"""

import typer

from harness.command_reference import FILE, reference
from hpsearch.cli.commands import app


def test_the_reference_is_that_of_these_commands() -> None:
    assert FILE.read_text(encoding="utf-8") == reference()


def test_every_command_and_every_option_says_what_it_does() -> None:
    group = typer.main.get_command(app)
    pending = [("hpsearch", group)]
    while pending:
        name, command = pending.pop()
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name}: {parameter.name}"
        for inner in getattr(command, "list_commands", lambda _: [])(typer.Context(command)):
            found = command.get_command(typer.Context(command), inner)  # type: ignore[attr-defined] # a group
            pending.append((f"{name} {inner}", found))
    assert FILE.exists()
