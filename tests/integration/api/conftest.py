"""For the tests of a module: one real server (HTTP, one worker, SQLite), and a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

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


@pytest.fixture
def page(service: Service, browser: Browser) -> Iterator[Page]:
    """A page that holds every complaint of the browser against the test."""
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(service.url) else complaints.append(request.url)
        ),
    )
    yield page
    page.close()
    assert complaints == []
