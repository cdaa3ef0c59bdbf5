"""For the tests of a module: one real server (HTTP, one worker, SQLite), and a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from harness.browser import CHROMIUM, chromium
from harness.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("service"), workers=1) as service:
        service.wait_until_leading()
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")
    with chromium() as browser:
        yield browser
