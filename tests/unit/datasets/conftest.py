"""A catalogue, and a file to add to it."""

from pathlib import Path

import pytest

from hpsearch.datasets.catalogue import Catalogue
from tests.unit.datasets.hostile_files import good, write_npz


@pytest.fixture
def here(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "data")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "my.npz", good())
