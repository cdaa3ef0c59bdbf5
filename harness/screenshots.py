"""Pictures of the job page for docs/images, taken of a real search. Run by `make screenshots`.

Three states, light and dark, wide and narrow: job-STATE-SCHEME-WIDTH.png. Where HPSEARCH_TEST_DATA
names a folder with mnist.npz, what a network of MNIST looks like inside, too: inside-PICTURE.png.
"""

import io
import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser

from harness.browser import chromium
from harness.service import ROOT, Service, wait_until
from hpsearch.client import Client, path_of

FOLDER = ROOT / "docs" / "images"
WIDTHS = {"wide": (1300, 1130), "narrow": (390, 1130)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COLOURS = 256  # of a picture, chosen from its own
SPEC: dict[str, Any] = {
    "name": "lenet5 on digits",
    "dataset": "digits",
    "network": "lenet5",
    "batch_size": 20,
    "epochs": 5,
    "budget": {"trials": 80},
    "labels": ["lenet5", "thesis"],
}
SETTLED = 500  # milliseconds in which what was out of sight is laid out
ENOUGH = 35  # trials that have ended, for a picture of a search under way


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Service(Path(name)) as service:
        service.wait_until_leading()
        with chromium() as browser:
            job = service.submit({**SPEC, "epochs": 20, "budget": {"trials": 60}})
            service.wait_for_trials(job, ENOUGH)
            take(browser, service, job, "running")
            service.http.post(f"/api/v1/jobs/{job}/pause").raise_for_status()
            wait_until(lambda: service.job(job)["state"] == "paused", 60, "paused")
            take(browser, service, job, "paused")
            service.http.post(f"/api/v1/jobs/{job}/cancel").raise_for_status()
            certified = service.wait_for_end(service.submit({**SPEC, "seed": 1}))["id"]
            take(browser, service, certified, "certified")
        mnist = Path(os.environ.get("HPSEARCH_TEST_DATA", "")) / "mnist.npz"
        if mnist.is_file():
            look_inside(service, mnist)


def look_inside(service: Service, mnist: Path) -> None:
    """The pictures of the best network of a short search on MNIST."""
    with Client(service.url) as client:
        client.upload("mnist_file", mnist, mnist.name)
        data = {"name": "mnist_file", "train_size": 7500}
        budget = {"trials": 24}
        job = service.submit({"dataset": data, "network": "simple_convnet", "budget": budget})
        service.wait_for_end(job)
        best = client.get(f"{path_of(job)}/best", limit=1)["items"][0]["number"]
        for name, content in client.inside(job, best).items():
            file = FOLDER / f"inside-{name}.png"
            file.write_bytes(content)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


def take(browser: Browser, service: Service, job: str, state: str) -> None:
    """One picture for each scheme and width."""
    for scheme in SCHEMES:
        for name, (width, height) in WIDTHS.items():
            page = browser.new_page(
                color_scheme=scheme, viewport={"width": width, "height": height}
            )
            page.goto(f"{service.url}/jobs/{job}")
            page.locator("#space .t").first.wait_for()
            page.locator(".plot canvas").first.wait_for()
            if state == "certified":
                place = {"wide": "#h-best", "narrow": "#h-certificate"}[name]
                page.evaluate("(place) => document.querySelector(place).scrollIntoView()", place)
                page.wait_for_timeout(SETTLED)
                page.evaluate("(place) => document.querySelector(place).scrollIntoView()", place)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            file = FOLDER / f"job-{state}-{scheme}-{name}.png"
            shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")
            page.close()


if __name__ == "__main__":
    main()
