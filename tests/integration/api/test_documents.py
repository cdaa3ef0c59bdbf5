"""The code blocks of the README and the tutorial run as they stand."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.service import HPSEARCH, ROOT, Service
from tests.documents import Reader, blocks
from tests.integration.api.specs import TINY

PAGES = ("README.md", "docs/tutorial.md")
INSTALLS = "make "
"""A block that begins so installs, or runs all tests: what CI does itself."""
MNIST = '"mnist"'
"""A block that says so is run only where the server can be given MNIST."""


@pytest.fixture(scope="module")
def mnist(service: Service) -> bool:
    """Whether the server has MNIST: from HPSEARCH_TEST_DATA, if that is set."""
    folder = os.environ.get("HPSEARCH_TEST_DATA")
    if folder:
        file, data = Path(folder) / "mnist.npz", service.log.parent
        words = [*HPSEARCH, "datasets", "add", "mnist", str(file), "--data-dir", str(data)]
        subprocess.run(words, check=True, capture_output=True)
    return bool(folder)


@pytest.fixture(scope="module")
def reader(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    job = service.wait_for_end(service.submit(TINY))["id"]
    return Reader(tmp_path_factory.mktemp("reader"), service.url, {"ID": job})


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page: str, service: Service, reader: Reader, mnist: bool) -> None:
    found = [
        block
        for block in blocks((ROOT / page).read_text())
        if not block.text.startswith(INSTALLS) and (mnist or MNIST not in block.text)
    ]
    assert found, f"{page} has no block that runs"
    for block in found:
        reader.run(block)
    for job in service.http.get("/api/v1/jobs").json()["items"]:
        if job["state"] in ("queued", "running"):  # nobody waits for it
            service.http.post(f"/api/v1/jobs/{job['id']}/cancel").raise_for_status()


def test_a_block_that_fails_is_named(reader: Reader) -> None:
    (broken,) = blocks("# Page\n\n```sh\nfalse\n```\n\n```console\n$ false\n```\n")
    with pytest.raises(AssertionError, match="the block of line 3"):
        reader.run(broken)
