"""A job's report in a real browser, from a file and with the network off."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from api.web.network_json import encoded, network_json
from harness.service import HPSEARCH, Service
from hpsearch.nn import build_network
from hpsearch.spec.network import NetworkSettings
from hpsearch.training.model import Model
from tests.integration.api.browsers import AXE, FAULTS
from tests.integration.api.specs import TINY

WITHIN = 1e-5  # of a probability
NETWORKS: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    "lenet5": ((1, 28, 28), {"architecture": "lenet5"}),
    "simple_convnet": ((3, 12, 12), {"architecture": "simple_convnet"}),
    "mlp with batch_norm": ((1, 8, 8), {"architecture": "mlp", "batch_norm": True}),
    "layers": (
        (3, 13, 11),
        {
            "layers": [
                {"type": "convolution", "filters": 5, "kernel_size": 3, "stride": 2, "padding": 1},
                {"type": "batch_norm"},
                {"type": "tanh"},
                {"type": "average_pooling", "window": 2, "stride": 1, "padding": 1},
                {"type": "sigmoid"},
                {"type": "max_pooling", "window": 3, "stride": 2, "padding": 1},
                {"type": "dropout", "rate": 0.5},
                {"type": "flatten"},
                {"type": "affine", "units": 7},
                {"type": "batch_norm"},
                {"type": "relu"},
            ]
        },
    ),
}


@pytest.fixture(scope="module")
def file(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = service.wait_for_end(
        service.submit({**TINY, "name": "<b>kept</b>", "confirm": {"top": 2, "repeats": 2}})
    )["id"]
    path = tmp_path_factory.mktemp("report") / "report.html"
    subprocess.run([*HPSEARCH, "report", job, "-o", str(path), "--url", service.url], check=True)
    return path


@pytest.fixture(scope="module")
def page(file: Path, browser: Browser) -> Iterator[Page]:
    """The report, opened from its file without a network; no complaint of the browser is taken."""
    complaints: list[str] = []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert complaints == []


def test_the_network_in_the_page_answers_as_the_server_does(page: Page) -> None:
    agreement = page.locator("#agreement")
    expect(agreement).to_contain_text("the same class for 100 of 100 images")
    assert float(agreement.get_attribute("data-difference") or "nan") < WITHIN
    expect(page.get_by_text("Images of the test part, which the certificate")).to_be_visible()
    expect(page.get_by_role("heading", name="<b>kept</b>")).to_be_visible()


def test_what_is_drawn_or_dropped_is_answered(page: Page, tmp_path: Path) -> None:
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 110, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 190, steps=8)
    page.mouse.up()
    expect(page.locator("#said")).to_have_text("What you drew")
    expect(page.locator("#answers li")).to_have_count(5)
    picture = tmp_path / "seven.png"
    pad.screenshot(path=picture)
    page.set_input_files("#file", picture)
    expect(page.locator("#said")).to_have_text("seven.png")
    text = tmp_path / "text.png"
    text.write_text("no image")
    page.set_input_files("#file", text)
    expect(page.locator("#said")).to_contain_text("not an image that this browser reads")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_layer_runs_in_the_page(page: Page, name: str) -> None:
    shape, settings = NETWORKS[name]
    generator = np.random.default_rng(3)
    network = build_network(NetworkSettings.model_validate(settings), shape, 10, generator)
    network.running[...] = generator.uniform(0.5, 1.5, network.running.shape)
    model = Model(network, shape, 10)
    images = generator.integers(0, 256, (20, *shape), dtype=np.uint8)
    found = page.evaluate(
        """([network, images]) => {
          prepared(network);
          return unpacked(images, network, false).map((each) => [...probabilities(network, each)]);
        }""",
        [network_json(model), encoded(images)],
    )
    assert np.abs(np.array(found) - model.probabilities(images)).max() < WITHIN


def test_axe_finds_nothing(page: Page) -> None:
    page.evaluate(AXE)
    assert page.evaluate(FAULTS) == []


def test_a_search_under_way_has_a_report_without_a_network(service: Service) -> None:
    job = service.submit({**TINY, "budget": {"trials": 500}})
    answer = service.http.get(f"/api/v1/jobs/{job}/report.html")
    service.http.post(f"/api/v1/jobs/{job}/cancel")
    assert answer.status_code == 200
    assert "the search has not ended" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
