"""A real Chromium for tests of the pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from playwright.sync_api import Browser, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# Swagger UI is looked after by others: see docs/decisions/swagger-ui-from-installed-files.md.
FAULTS = """async () => (await axe.run({ exclude: ["#swagger"] })).violations.map(
    (each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => node.html).join(" | ")}`)"""

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes its time


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
