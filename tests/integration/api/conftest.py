"""One real server for the tests of a module: its own process, HTTP, one worker, SQLite."""

from collections.abc import Iterator

import pytest

from harness.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("service"), workers=1) as service:
        service.wait_until_leading()
        yield service
