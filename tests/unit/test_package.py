"""What other programs may import, and what the package says of itself."""

from importlib.metadata import metadata, version
from importlib.resources import files

import pytest

import hpsearch


def test_the_package_offers_its_interface() -> None:
    from hpsearch import Client, SearchSpec, __version__  # noqa: PLC0415 - what is tested

    assert Client.__module__ == "hpsearch.client"
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
