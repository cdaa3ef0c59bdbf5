"""What tests of the pages ask of a real browser."""

from importlib import resources

from playwright.sync_api import expect

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# Swagger UI is looked after by others: see docs/decisions/swagger-ui-from-installed-files.md.
FAULTS = """async () => (await axe.run({ exclude: ["#swagger"] })).violations.map(
    (each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => node.html).join(" | ")}`)"""

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes its time
