"""What other programs may import, and what the package says of itself."""

import ast
import re
import sys
from importlib.metadata import metadata, packages_distributions, requires, version
from importlib.resources import files
from pathlib import Path

import pytest

import hpsearch


def test_the_package_offers_its_interface() -> None:
    from hpsearch import Client, SearchSpec, __version__  # noqa: PLC0415 - what is tested

    assert Client.__module__ == "hpsearch.client.synchronous"
    assert SearchSpec.__module__ == "hpsearch.spec.search"
    assert __version__ == version("hpsearch")
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        hpsearch.Clients  # noqa: B018 - the access is what is tested


def test_the_metadata_is_complete() -> None:
    fields = metadata("hpsearch")
    assert fields["License-Expression"] == "MIT"
    assert fields["License-File"] == "LICENSE"
    assert fields["Requires-Python"] == ">=3.11"
    assert files("hpsearch").joinpath("py.typed").is_file()


def test_what_is_imported_is_declared() -> None:
    """The gp extra's PyTorch is the one that may be missing."""
    names = (re.split(r"[^\w.-]", each)[0] for each in requires("hpsearch") or ())
    declared = {name.lower().replace("_", "-") for name in names}
    root = Path(hpsearch.__file__).parent.parent
    imported = {
        name
        for folder in ("hpsearch", "storage", "api")
        for file in (root / folder).rglob("*.py")
        for name in _imports(ast.parse(file.read_text(encoding="utf-8")))
    }
    theirs = imported - {"hpsearch", "storage", "api", "torch"} - sys.stdlib_module_names
    distributions = packages_distributions()
    found = {distributions[name][0].lower().replace("_", "-") for name in theirs}

    # These are parts of FastAPI, pydantic and distributed, and always come with them.
    assert found - declared <= {"starlette", "anyio", "pydantic-core", "dask"}


def _imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names}
