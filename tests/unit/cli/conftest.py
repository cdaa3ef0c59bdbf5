"""Commands hand their options on through the environment; each test gets one of its own."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    before = dict(os.environ)
    for name in before:
        if name.startswith("HPSEARCH_"):
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)
