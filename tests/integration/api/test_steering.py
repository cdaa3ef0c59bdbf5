"""Everything that can be done to a job from its page, in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.service import Service
from tests.integration.api.specs import ENDLESS, TINY


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def running(service: Service, page: Page) -> Iterator[str]:
    """A job without an end, looked at once its first trials are drawn."""
    job: str = service.submit({**ENDLESS, "epochs": 5, "labels": ["first"]})
    page.goto(f"{service.url}/jobs/{job}")
    expect(page.locator("#space .t").first).to_be_attached()
    yield job
    service.http.post(f"/api/v1/jobs/{job}/cancel")


def press(page: Page, name: str) -> None:
    page.get_by_role("group", name="Steer the job").get_by_role("button", name=name).click()


def answer(page: Page, text: str | None = None) -> None:
    dialog = page.get_by_role("dialog")
    if text is not None:
        dialog.locator("textarea").fill(text)
    dialog.get_by_role("button", name="OK").click()


def test_pause_resume_extend_and_cancel(service: Service, page: Page, running: str) -> None:
    press(page, "Pause")
    expect(page.locator("h1 .state.paused")).to_be_visible()
    press(page, "Extend")
    answer(page, "6000")
    expect(page.get_by_text("of 6000")).to_be_visible()
    press(page, "Resume")
    expect(page.locator("h1 .state.running")).to_be_visible()
    press(page, "Cancel")
    page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    expect(page.locator("h1 .state.running")).to_be_visible()
    press(page, "Cancel")
    answer(page)
    expect(page.locator("h1 .state.cancelled")).to_be_visible()
    assert service.http.get(f"/api/v1/jobs/{running}").json()["state"] == "cancelled"


def test_a_point_that_is_clicked_into_the_picture_is_tried(
    service: Service, page: Page, running: str
) -> None:
    press(page, "Pause")  # the picture then stays as it is
    expect(page.locator("h1 .state.paused")).to_be_visible()
    page.wait_for_timeout(1500)  # milliseconds, longer than the page waits with its last look
    ground = page.locator("#space .ground").bounding_box()
    assert ground is not None
    # Two thirds of the way from 1e-3 to 1e3 is 10, by its logarithm; the top is 1e3.
    page.mouse.dblclick(
        ground["x"] + ground["width"] * 2 / 3, ground["y"] + ground["height"] * 1 / 3
    )
    dialog = page.get_by_role("dialog")
    text = dialog.locator("textarea").input_value()
    assert '"learning_rate": 10' in text or '"learning_rate": 9.' in text
    answer(page)
    press(page, "Resume")
    expect(page.locator("table.trials td", has_text="you").first).to_be_attached(timeout=90_000)
    press(page, "Try a point")
    answer(page, '{"learning_rate": 0.25}')
    expect(page.locator("table.trials td", has_text="0.25").first).to_be_attached(timeout=90_000)


def test_a_clone_begins_with_the_spec_and_its_labels(
    service: Service, page: Page, running: str
) -> None:
    press(page, "Clone")
    expect(page).to_have_url(f"{service.url}/new?clone=1")
    expect(page.get_by_label("Labels")).to_have_value("first")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Trials").fill("4")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#live[data-job]")).to_be_attached()
    clone = page.url.rpartition("/")[2]
    old, new = (service.http.get(f"/api/v1/jobs/{job}").json() for job in (running, clone))
    assert new["labels"] == ["first"]
    budget = {**old["spec"]["budget"], "trials": 4}
    assert new["spec"] == {**old["spec"], "seed": 7, "budget": budget}
    service.http.post(f"/api/v1/jobs/{clone}/cancel")


def test_labels_archive_and_deletion(service: Service, page: Page) -> None:
    done = service.wait_for_end(service.submit({**TINY, "name": "put away", "confirm": None}))
    page.goto(f"{service.url}/jobs/{done['id']}")
    press(page, "Label")
    answer(page, "thesis, run 2")
    expect(page.locator("h1 .label")).to_have_count(2)
    press(page, "Archive")
    expect(page.locator("h1", has_text="archived")).to_be_visible()
    page.goto(service.url)
    row = page.locator("#jobs tr", has_text="put away")
    expect(row).to_have_count(0)
    page.get_by_label("archived").check()
    expect(row).to_have_count(1)
    expect(page).to_have_url(f"{service.url}/?archived=true")
    row.get_by_role("link", name="put away").click()
    press(page, "Unarchive")
    expect(page.locator("h1", has_text="archived")).to_have_count(0)
    press(page, "Delete")
    answer(page)
    expect(page).to_have_url(f"{service.url}/")
    assert service.http.get(f"/api/v1/jobs/{done['id']}").status_code == 404


def test_the_list_is_sifted_while_somebody_types(service: Service, page: Page) -> None:
    for name, trials in (("apple", 4), ("pear", 6)):
        spec = {**TINY, "name": name, "budget": {"trials": trials}, "confirm": None}
        service.wait_for_end(service.submit(spec))
    page.goto(service.url)
    expect(page.locator("#jobs tr", has_text="apple")).to_be_visible()
    page.get_by_label("Find").press_sequentially("PEA")
    expect(page.locator("#jobs tr", has_text="apple")).to_have_count(0)
    expect(page.locator("#jobs tr", has_text="pear")).to_be_visible()
    page.get_by_label("Find").fill("")
    expect(page.locator("#jobs tr", has_text="apple")).to_be_visible()
    for name in ("apple", "pear"):
        page.get_by_label(f"compare {name}").check()
    page.get_by_role("button", name="Compare the selected").click()
    expect(page.get_by_text("apple").first).to_be_visible()
    page.get_by_role("button", name="Run each once more").click()
    expect(page.locator("tbody tr a")).to_have_count(4)


HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_has_no_stream(service: Service, page: Page, running: str) -> None:
    """Browsers allow six connections to a server."""
    ended: list[str] = []
    page.on("requestfailed", lambda request: ended.append(request.url))
    page.on("requestfinished", lambda request: ended.append(request.url))
    page.evaluate(HIDE, True)
    page.wait_for_timeout(2500)
    assert f"{service.url}/api/v1/jobs/{running}/events" in ended
    ended.clear()
    page.wait_for_timeout(2500)
    assert ended == [], "nothing is asked for in a hidden tab"
    with page.expect_request("**/events"):
        page.evaluate(HIDE, False)


def test_a_round_can_be_looked_at_alone_with_the_keyboard(service: Service, page: Page) -> None:
    done = service.wait_for_end(service.submit({**TINY, "budget": {"trials": 24}, "confirm": None}))
    page.goto(f"{service.url}/jobs/{done['id']}")
    page.get_by_label("all rounds").focus()
    page.keyboard.press("ArrowRight")
    faint = page.locator("#space .t[data-r='1']").first
    assert faint.evaluate("element => getComputedStyle(element).opacity") == "0.08"
    clear = page.locator("#space .t[data-r='0']").first
    assert clear.evaluate("element => getComputedStyle(element).opacity") == "1"
    row = page.locator("table.trials tr.t").first
    row.focus()
    expect(page.locator(f"#space .t.lit[data-t='{row.get_attribute('data-t')}']")).to_be_attached()
