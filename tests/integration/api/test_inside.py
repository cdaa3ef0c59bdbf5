"""What a network looks like inside: asked for over HTTP, drawn by workers, seen in Chromium."""

import io
import time
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

from harness.service import Service, wait_until
from tests.integration.api.browsers import AXE, FAULTS

SPEC = {"dataset": "digits", "epochs": 2, "cohort": 4, "budget": {"trials": 8}, "confirm": None}
NAMES = ["filters", "feature-maps", "confusion", "mistakes", "activations"]


def _ended(service: Service, **changes: object) -> tuple[str, int]:
    """A job that has ended, and its best trial."""
    job = service.submit({**SPEC, **changes})
    service.wait_for_end(job)
    best: Any = service.http.get(f"/api/v1/jobs/{job}/best").json()["items"][0]
    return job, int(best["number"])


def _inside(service: Service, path: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (answer := service.http.get(path)).status_code == 202:
        assert time.monotonic() < deadline
        assert answer.json()["state"] == "training"
        time.sleep(0.2)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_same_pictures_every_time_and_after_kills(service: Service) -> None:
    job, best = _ended(service, network="lenet5", name="inside")
    path = f"/api/v1/jobs/{job}/trials/{best}/inside"
    service.http.get(path)
    for worker in service.workers():
        worker.kill()
    found = _inside(service, path)
    assert [each["name"] for each in found["pictures"]] == NAMES
    assert found["difference"] is None
    contents = [service.http.get(each["url"]).content for each in found["pictures"]]
    for content in contents:
        picture = Image.open(io.BytesIO(content))
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture))) > 5
    service.kill()
    for kept in (service.log.parent / "models").glob("*"):
        kept.unlink()  # so that they are drawn anew
    service.start()
    wait_until(lambda: bool(service.readiness().get("workers")), 60, "workers")
    again = _inside(service, path)
    assert again == found
    assert [service.http.get(each["url"]).content for each in again["pictures"]] == contents
    assert service.http.get(f"{path}/no-such.png").status_code == 404
    assert service.http.get(f"{path}/No_Such.png").status_code == 422


def test_networks_without_convolutions_show_their_units(service: Service) -> None:
    job, best = _ended(service, network="mlp")
    found = _inside(service, f"/api/v1/jobs/{job}/trials/{best}/inside")
    assert [each["name"] for each in found["pictures"]] == [
        name for name in NAMES if name != "feature-maps"
    ]
    assert "units" in found["pictures"][0]["title"]


def test_the_page_of_a_trial(service: Service, browser: Browser) -> None:
    job, best = _ended(service, network="simple_convnet", name="seen")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{service.url}/jobs/{job}")
    page.get_by_role("link", name="Look inside its network").click()
    page.get_by_role("heading", name="Which class is taken for which").wait_for(timeout=60_000)
    assert page.locator("h1").inner_text() == f"Trial {best}"
    drawn = page.locator("main img").evaluate_all("all => all.map(each => each.naturalWidth)")
    assert len(drawn) == len(NAMES)
    assert min(drawn) > 100
    page.evaluate(AXE)
    assert page.evaluate(FAULTS) == []
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert said == []
    page.close()


def test_a_trial_without_a_network_is_answered_in_words(service: Service) -> None:
    space = {"learning_rate": {"low": 1e5, "high": 1e6, "log": True}}
    job = service.submit({**SPEC, "network": "mlp", "space": space, "weight_decay": 0.0})
    service.wait_for_end(job)
    answer = service.http.get(f"/api/v1/jobs/{job}/trials/0/inside")
    assert answer.status_code == 409
    shown = service.http.get(f"/jobs/{job}/trials/0")
    assert shown.status_code == 200
    assert "How it learned" in shown.text
    assert "has no model" in shown.text
