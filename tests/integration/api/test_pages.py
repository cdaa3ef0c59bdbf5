"""The pages in a real browser: they work, and ask nobody but this server."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.service import Service
from tests.integration.api.browsers import AXE, FAULTS
from tests.integration.api.specs import TINY


def test_docs_show_every_call_and_send_requests(service: Service, page: Page) -> None:
    page.goto(f"{service.url}/docs")
    paths = service.http.get("/openapi.json").json()["paths"]
    calls = sum(len(methods) for methods in paths.values())
    expect(page.locator("#swagger .opblock")).to_have_count(calls)
    submit = page.locator(".opblock-post", has_text="Submit a search").first
    submit.locator(".opblock-summary-control").click()
    submit.get_by_role("button", name="Execute").click()
    expect(submit.locator(".live-responses-table .response-col_status").last).to_contain_text("201")
    [job] = service.http.get("/api/v1/jobs").json()["items"]
    service.http.post(f"/api/v1/jobs/{job['id']}/cancel")
    page.goto(f"{service.url}/docs#problem-job-state")
    expect(page.locator("#swagger .opblock")).to_have_count(calls)
    expect(page.locator("#problem-job-state")).to_be_in_viewport()


def test_the_dashboard_shows_a_job(service: Service, page: Page) -> None:
    done = service.wait_for_end(service.submit(TINY))
    page.goto(f"{service.url}{done['links']['dashboard']}")
    expect(page.get_by_text(done["study"]).first).to_be_visible()
    expect(page.get_by_text("validation accuracy").first).to_be_visible()


def test_a_click_submits_a_search_and_the_page_follows_it(service: Service, page: Page) -> None:
    page.goto(f"{service.url}/new")
    page.get_by_label("Name").fill("by a click")
    page.get_by_label("Epochs of a trial").fill("1")
    page.get_by_label("Trials").fill("12")
    page.get_by_role("button", name="Estimate").click()
    expect(page.locator("#estimate")).to_contain_text("12 trials")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="by a click")).to_be_visible()
    page.evaluate("window.loaded = 'once'")
    expect(page.locator("#live[data-ended=yes]")).to_be_attached()
    expect(page.locator("#space .t")).to_have_count(12)
    assert page.evaluate("window.loaded") == "once"
    row = page.locator("table.trials tr.t").first
    row.hover()
    number = row.get_attribute("data-t")
    expect(page.locator(f"#space .t.lit[data-t='{number}']")).to_be_visible()


def test_a_page_follows_its_job_through_a_restart(service: Service, browser: Browser) -> None:
    spec = {**TINY, "name": "through a restart", "epochs": 3, "budget": {"trials": 60}}
    job_id = service.submit(spec)
    page = browser.new_page()
    page.goto(f"{service.url}/jobs/{job_id}")
    page.evaluate("window.loaded = 'once'")
    expect(page.locator("#space .t").first).to_be_visible()
    service.kill()
    service.start()
    expect(page.locator("#live[data-ended=yes]")).to_be_attached(timeout=90_000)
    assert page.evaluate("window.loaded") == "once"
    page.close()


@pytest.fixture(scope="module")
def paths(service: Service) -> Iterator[list[str]]:
    """A page of each kind, and that of a job in each state that looks another way."""
    job = service.wait_for_end(service.submit({**TINY, "confirm": {"top": 2, "repeats": 2}}))["id"]
    running = service.submit({**TINY, "budget": {"trials": 500}, "labels": ["a label"]})
    compared = f"/compare?jobs={job},{running}"
    yield ["/", "/new", "/datasets", "/docs", f"/jobs/{job}", f"/jobs/{running}", compared]
    service.http.post(f"/api/v1/jobs/{running}/cancel")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1300), ("dark", 390)])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    service: Service,
    browser: Browser,
    paths: list[str],
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    found = {}
    for path in paths:
        page.goto(service.url + path)
        page.evaluate(AXE)
        found[path] = page.evaluate(FAULTS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.close()
    assert found == {path: [] for path in paths}
