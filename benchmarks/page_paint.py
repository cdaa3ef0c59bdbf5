"""When people see something: first paint and updates of the pages while all cores train.

A part of `make bench-page`. The server is a real one, with a worker for each core and a search
that keeps them busy; the browser is Chromium, on the same cores.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from api.web.templating import VERSION
from benchmarks.filled_job import fill
from harness.browser import chromium
from harness.service import Service, wait_until
from hpsearch.jobs import JobState
from storage.backends.address import file_url
from storage.database import Database
from storage.job_store import SqlJobStore

TIMES = 15  # that each page is loaded
BUSY = {
    "name": "keeps all cores busy",
    "dataset": "digits",
    "network": "lenet5",
    "epochs": 200,
    "space": {"learning_rate": {"type": "float", "low": 0.01, "high": 0.1, "log": True}},
    "weight_decay": 0.0,
    "rounds": {"count": 1},
    "pruner": "none",
    "budget": {"trials": 5000},
    "confirm": None,
}
PAINT = """async () => {
    while (!performance.getEntriesByName("first-contentful-paint").length)
        await new Promise((done) => setTimeout(done, 5));
    return performance.getEntriesByName("first-contentful-paint")[0].startTime;
}"""
UPDATE = """async (file) => {
    const { look } = await import(file);
    const began = performance.now();
    const renewed = new Promise(
        (done) => document.addEventListener("renewed", done, { once: true }));
    look();
    await renewed;
    return performance.now() - began;
}"""
HOVER = """async (place) => {
    const frame = () => new Promise(requestAnimationFrame);
    const dots = document.querySelectorAll("#space .t");
    await frame();
    const began = performance.now();
    const over = new PointerEvent("pointerover", { bubbles: true });
    dots[place % dots.length].dispatchEvent(over);
    await frame();
    await frame();
    return performance.now() - began;
}"""


def measure() -> None:
    """Print first paint of each page, and of one of 10,000 trials an update and a selection."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(file_url(folder / "hpsearch.db"))
        database.initialise()
        large = fill(database)
        SqlJobStore(database).end(large, JobState.COMPLETED, "budget: trials", 3600.0)
        database.close()
        with Service(folder, workers=os.cpu_count() or 1) as service, chromium() as browser:
            service.wait_until_leading()
            busy = service.submit(BUSY)
            wait_until(lambda: service.job(busy)["progress"]["epochs"] > 0, 60, "training")
            for path, words in (
                ("/", "list of jobs"),
                (f"/jobs/{busy}", "job that trains"),
                (f"/jobs/{large}", "job of 10,000 trials"),
                (f"/compare?jobs={busy},{large}", "comparison"),
                ("/datasets", "data sets"),
                ("/new", "form"),
            ):
                _say(f"first paint, {words}", _paints(browser, service.url + path))
            page = browser.new_page()
            page.goto(f"{service.url}/jobs/{large}")
            module = f"{service.url}/assets/{VERSION}/live.js"
            _say("update at 10,000 trials", _updates(page, module))
            _say("selection at 10,000 trials", _selections(page))


def _paints(browser: Browser, url: str) -> list[float]:
    """Milliseconds from the request to the first contentful paint, in a tab that is open.

    Files are not cached.
    """
    page = browser.new_page()
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    found = []
    for _ in range(TIMES):
        page.goto(url)
        found.append(float(page.evaluate(PAINT)))
    page.close()
    return found


def _updates(page: Page, module: str) -> list[float]:
    """Milliseconds to fetch the page anew and put it in place of the old one."""
    return [float(page.evaluate(UPDATE, module)) for _ in range(TIMES)]


def _selections(page: Page) -> list[float]:
    """Milliseconds from pointing at a trial to the frame after the one that shows it."""
    return [float(page.evaluate(HOVER, 37 * place)) for place in range(TIMES)]


def _say(what: str, milliseconds: Sequence[float]) -> None:
    print(f"{what}: median {median(milliseconds):.0f} ms, longest {max(milliseconds):.0f} ms")
