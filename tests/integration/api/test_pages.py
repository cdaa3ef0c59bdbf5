"""The pages in a real browser: they work, and ask nobody but this server."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from harness.service import Service
from tests.integration.api.specs import TINY

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes its time

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def page(service: Service) -> Iterator[Page]:
    """A page that holds every complaint of the browser against the test."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(service.url) else complaints.append(request.url)
            ),
        )
        yield page
        browser.close()
    assert complaints == []


def test_docs_show_every_call_and_send_requests(service: Service, page: Page) -> None:
    page.goto(f"{service.url}/docs")
    paths = service.http.get("/openapi.json").json()["paths"]
    calls = sum(len(methods) for methods in paths.values())
    expect(page.locator("summary .method")).to_have_count(calls)
    submit = page.locator("details", has_text="Submit a search.").first
    submit.locator("summary").click()
    submit.get_by_role("button", name="Send").click()
    expect(submit.locator("pre")).to_contain_text("201 Created")
    [job] = service.http.get("/api/v1/jobs").json()["items"]
    service.http.post(f"/api/v1/jobs/{job['id']}/cancel")
    page.goto(f"{service.url}/docs#problem-job-state")
    expect(page.locator("#problem-job-state")).to_be_in_viewport()


def test_the_dashboard_shows_a_job(service: Service, page: Page) -> None:
    done = service.wait_for_end(service.submit(TINY))
    page.goto(f"{service.url}{done['links']['dashboard']}")
    expect(page.get_by_text(done["study"]).first).to_be_visible()
    expect(page.get_by_text("validation accuracy").first).to_be_visible()
