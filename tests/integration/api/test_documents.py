"""The code blocks of all pages run as they stand; those that cannot are listed, with the reason."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.service import HPSEARCH, ROOT, Service
from tests.documents import Reader, all_blocks, blocks
from tests.integration.api.specs import TINY

PAGES = [
    page.relative_to(ROOT).as_posix()
    for page in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")))
    if blocks(page.read_text()) and not page.name.endswith(".ja.md")
]
NEEDS_MNIST = ('"mnist"', "examples/book")
"""Blocks that say one of these run only where the server can be given MNIST."""
ELSEWHERE = {
    "export HPSEARCH_DATABASE_URL=postgresql": (
        "needs PostgreSQL: integration/storage/test_command.py"
    ),
    "mkdir -p secrets": "needs Docker: integration/compose",
    "hpsearch certificates create tls --hosts scheduler,server": "needs Kubernetes",
    'hpsearch certificates create tls --hosts "$(hostname)"': "needs a Slurm cluster",
    "hpsearch certificates create tls --hosts scheduler,10.0.0.7": (
        "needs two machines: integration/cluster/test_tls.py"
    ),
    "hpsearch serve --portable": "serves without an end: integration/cluster/test_portable.py",
    "HPSEARCH_WRITE_OPENAPI=1": "writes into the checkout",
}
"""Blocks that cannot run here, by how they begin, and why."""
GIVEN = """
import numpy, os
from hpsearch import Client, load_model
client = Client(os.environ["HPSEARCH_URL"])
job = client.job(os.environ["FINISHED"])
images = numpy.zeros((2, 1, 8, 8), numpy.uint8)
x_train = x_test = numpy.arange(40 * 64, dtype=numpy.uint8).reshape(40, 8, 8)
y_train = y_test = numpy.arange(40) % 4
"""
"""What a reader of the Python blocks has: a client, a job that has ended, images and labels."""


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
def job(service: Service) -> str:
    return str(service.wait_for_end(service.submit(TINY))["id"])


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Another server."""
    with Service(tmp_path_factory.mktemp("other"), workers=1) as service:
        service.wait_until_leading()
        yield service


@pytest.fixture(scope="module")
def model(service: Service, job: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The winner's network."""
    file = tmp_path_factory.mktemp("model") / "model.npz"
    words = [*HPSEARCH, "model", job, "-o", str(file), "--url", service.url]
    subprocess.run(words, check=True)
    return file


@pytest.fixture
def reader(service: Service, other: Service, job: str, model: Path, tmp_path: Path) -> Reader:
    """In a folder that has the files of which the pages speak."""
    folder = tmp_path / "reader"
    _supply(folder)
    shutil.copy(model, folder / "model.npz")
    words = {"ID": job, "JOB": job, "OTHER": other.url, "hps_…": ""}
    given = f"import os\nos.environ['FINISHED'] = {job!r}\n{GIVEN}"
    return Reader(folder, service.url, words, data=tmp_path / "data", python=given)


def _supply(folder: Path) -> None:
    """Images as arrays and as files, and the examples."""
    pets = folder / "Pictures" / "pets"
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (pets / name).mkdir(parents=True)
        for number in range(8):
            pixels = generator.integers(0, 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(pets / name / f"{number}.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "7.png")
    shutil.make_archive(str(pets), "zip", pets)
    (folder / "Pictures" / "pets.zip").rename(folder / "pets.zip")
    images, labels = generator.integers(0, 256, (600, 28, 28), np.uint8), np.arange(600) % 10
    for name in ("images.npz", "mnist.npz"):
        file = folder / name
        np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    (folder / "examples").symlink_to(ROOT / "examples")


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page: str, service: Service, reader: Reader, mnist: bool) -> None:
    for block in blocks((ROOT / page).read_text()):
        needs = any(word in block.text for word in NEEDS_MNIST)
        if not block.text.startswith(tuple(ELSEWHERE)) and (mnist or not needs):
            reader.run(block)
    for job in service.http.get("/api/v1/jobs").json()["items"]:
        if job["state"] in ("queued", "running"):  # nobody waits for it
            service.http.post(f"/api/v1/jobs/{job['id']}/cancel").raise_for_status()


def test_a_translation_has_the_blocks_of_its_page() -> None:
    for page in ROOT.glob("docs/*.ja.md"):
        original = page.with_name(page.name.replace(".ja", ""))
        found = [
            [re.sub(r"\s*#.*", "", block.text) for block in blocks(each.read_text())]
            for each in (page, original)
        ]
        assert found[0] == found[1]


def test_every_reason_is_for_a_block_that_is_there() -> None:
    found = [block.text for page in PAGES for block in blocks((ROOT / page).read_text())]
    assert [begin for begin in ELSEWHERE if not any(each.startswith(begin) for each in found)] == []


def test_no_block_of_commands_goes_by_another_name() -> None:
    """Blocks without a language are pictures and output: what could run says so."""
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for block in all_blocks(page.read_text()):
            if block.language not in ("sh", "python"):
                begun = block.text.startswith(("hpsearch ", "make ", "curl ", "pip ", "docker "))
                assert not begun, (page.name, block.line)


def test_a_block_that_fails_is_named(reader: Reader) -> None:
    (broken,) = blocks("# Page\n\n```sh\nfalse\n```\n\n```console\n$ false\n```\n")
    with pytest.raises(AssertionError, match="the block of line 3"):
        reader.run(broken)
    (unknown,) = blocks("```sh\nmake no-such-target\n```\n")
    with pytest.raises(AssertionError, match="no-such-target"):
        reader.run(unknown)
