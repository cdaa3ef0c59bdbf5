"""Commands that are imported when they are used.

Those that work on this machine's data sets need the networks and their data; `hpsearch jobs` shall
not wait for their imports.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

LOCAL_MODULE = "hpsearch.cli.local"
LOCAL = ("datasets", "verify")


class LazyGroup(TyperGroup):
    """A group that also has the commands of LOCAL_MODULE. (typer's types for these are private.)"""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *LOCAL]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in LOCAL:
            return super().get_command(ctx, cmd_name)
        group = typer.main.get_group(import_module(LOCAL_MODULE).app)
        return group.get_command(ctx, cmd_name)
