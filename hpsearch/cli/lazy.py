"""Commands that are imported when they are used.

Those that work on this machine's data sets need the networks and their data, certificates need
cryptography; `hpsearch jobs` does
not wait for their imports.
"""

from typing import Any

import typer
from typer.core import TyperGroup

LOCAL = ("audit", "certificates", "datasets", "doctor", "plot", "predict", "verify")


class LazyGroup(TyperGroup):
    """A group that also has the commands of hpsearch.cli.local.

    (typer's types for these are private.)
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *LOCAL]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in LOCAL:
            return super().get_command(ctx, cmd_name)
        from hpsearch.cli.local import app  # noqa: PLC0415 - see above

        group = typer.main.get_group(app)
        return group.get_command(ctx, cmd_name)
