"""The command line. `main` is the `hpsearch` command."""

from hpsearch.cli.commands import main

__all__ = ["main"]
