"""Published files: read as their formats say, and only where their checksums are right."""

import gzip
import io
import struct
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpsearch.datasets import catalogue, downloads, fetching
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.downloads import DOWNLOADS, Download
from hpsearch.datasets.fetching import Progress
from hpsearch.datasets.files import digest
from hpsearch.datasets.formats import read_cifar10, read_idx, read_mnist_files
from hpsearch.errors import DatasetError
from tests.unit.datasets.hostile_files import good, write_npz

pytestmark = pytest.mark.slow  # a publisher on a socket, and checks in a process of their own

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """A gzipped IDX file, written from its description: yann.lecun.com/exdb/mnist."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(head + array.tobytes())


def cifar(path: Path, training: bytes, test: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
        for name in names:
            content = test if name == "test_batch.bin" else training
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


class Publisher:
    """A real HTTP server on this machine that publishes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.gate = threading.Event()  # answers wait for it
        self.gate.set()
        publisher = self

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments, directory=str(folder))

            def do_GET(self) -> None:
                publisher.asked.append(self.path.lstrip("/"))
                publisher.gate.wait(30)
                super().do_GET()

            def log_message(self, *_: Any) -> None:
                """Tests say what was asked for."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Small files under the names and formats of the published ones, with their checksums."""
    folder = tmp_path / "published"
    folder.mkdir()
    write_npz(folder / "mnist.npz", good())
    for name, file in IDX_NAMES.items():
        (folder / file).write_bytes(idx(good()[name]))
    images = np.random.default_rng(0).integers(0, 256, (10, 3073), dtype=np.uint8)
    images[:, 0] = np.arange(10)
    cifar(folder / "cifar-10-binary.tar.gz", images.tobytes(), images.tobytes())
    publisher = Publisher(folder)
    small = {
        name: Download(
            known.source,
            publisher.base,
            {file: digest(folder / file) for file in known.files},
            sum((folder / file).stat().st_size for file in known.files),
        )
        for name, known in DOWNLOADS.items()
    }
    for module in (downloads, catalogue):
        monkeypatch.setattr(module, "DOWNLOADS", small)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    yield publisher
    publisher.close()


def progress_of(here: Catalogue, name: str) -> Progress:
    progress = here.ensure(name)
    assert progress is not None
    return progress


@pytest.mark.parametrize(
    ("name", "shape", "files"),
    [("mnist", (1, 4, 5), 1), ("fashion_mnist", (1, 4, 5), 4), ("cifar10", (3, 32, 32), 1)],
)
def test_a_well_known_data_set_is_fetched_once(
    published: Publisher, tmp_path: Path, name: str, shape: tuple[int, int, int], files: int
) -> None:
    here = Catalogue(tmp_path / "data")

    assert here.load(name).shape == shape
    assert here.load(name).shape == shape
    assert Catalogue(tmp_path / "data").load(name).shape == shape

    assert len(published.asked) == files
    assert here.info(name).available
    assert here.info(name).source == DOWNLOADS[name].source
    kept = sorted(path.suffix for path in (tmp_path / "data" / "datasets").iterdir())
    assert kept == [".json", ".npz"]


def test_a_download_is_one_task_with_progress_to_look_at(
    published: Publisher, tmp_path: Path
) -> None:
    here = Catalogue(tmp_path / "data")
    published.gate.clear()

    first = progress_of(here, "mnist")  # waits for nothing
    assert (first.state, first.done) == ("downloading", 0)
    assert first.total == (published.folder / "mnist.npz").stat().st_size
    assert progress_of(here, "mnist").state == "downloading"
    assert here.info("mnist").fetching == first
    published.gate.set()
    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(here.load, ["mnist"] * 8))

    assert published.asked == ["mnist.npz"]
    assert all(dataset is loaded[0] for dataset in loaded)
    assert here.ensure("mnist") is None


def test_a_download_that_failed_is_not_tried_again_at_once(
    published: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Catalogue(tmp_path / "data")
    file = published.folder / "mnist.npz"
    content = file.read_bytes()  # a file made anew holds another time
    file.unlink()

    with pytest.raises(DatasetError, match="404"):
        here.load("mnist")
    failed = progress_of(here, "mnist")
    assert failed.state == "failed"
    assert "hpsearch datasets add mnist FILE.npz" in str(failed.problem)
    with pytest.raises(DatasetError, match="404"):
        here.load("mnist")
    assert len(published.asked) == 1

    file.write_bytes(content)
    monkeypatch.setattr(fetching, "FAILED_SECONDS", -1.0)
    assert here.load("mnist").shape == (1, 4, 5)


def test_a_download_can_be_stopped_and_leaves_nothing(published: Publisher, tmp_path: Path) -> None:
    here = Catalogue(tmp_path / "data")
    published.gate.clear()
    here.ensure("mnist")
    here.cancel("mnist")
    published.gate.set()

    with pytest.raises(DatasetError, match="the download of mnist was stopped"):
        here.load("mnist")
    assert list((tmp_path / "data" / "datasets").iterdir()) == []


def test_a_download_has_a_time_limit(
    published: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_SECONDS", -1.0)

    with pytest.raises(DatasetError, match=r"took longer than .* the maximum"):
        Catalogue(tmp_path / "data").load("mnist")


def test_downloads_may_be_off(published: Publisher, tmp_path: Path) -> None:
    here = Catalogue(tmp_path / "data", downloads=False)

    with pytest.raises(DatasetError, match="downloads are off; without a network, add it"):
        here.ensure("mnist")
    assert published.asked == []


def test_a_proxy_that_cannot_be_used_is_told(
    published: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")

    with pytest.raises(DatasetError, match=r"mnist could not be downloaded .* add it from a file"):
        Catalogue(tmp_path / "data").load("mnist")


def test_idx_files_hold_the_images(published: Publisher) -> None:
    arrays = read_mnist_files({file: published.folder / file for file in IDX_NAMES.values()})

    for name, array in good().items():
        np.testing.assert_array_equal(arrays[name], array)


def test_a_file_that_is_not_the_published_one_is_refused(
    published: Publisher, tmp_path: Path
) -> None:
    write_npz(published.folder / "mnist.npz", good(y_test=good()["y_test"][::-1]))

    with pytest.raises(DatasetError, match="is not the file that was published"):
        Catalogue(tmp_path / "data").load("mnist")
    assert list((tmp_path / "data" / "datasets").iterdir()) == []


def test_cifar10_is_planes_of_red_green_and_blue(tmp_path: Path) -> None:
    record = bytes([7]) + bytes([1]) * 1024 + bytes([2]) * 1024 + bytes(range(256)) * 4
    arrays = read_cifar10(cifar(tmp_path / "cifar.tar.gz", record, record * 2))

    assert arrays["x_train"].shape == (5, 32, 32, 3)
    assert arrays["x_test"].shape == (2, 32, 32, 3)
    assert arrays["y_test"].tolist() == [7, 7]
    assert arrays["x_train"][0, 1, 2].tolist() == [1, 2, 34]  # row 1, column 2: byte 34 of blue


@pytest.mark.parametrize(
    "content", [b"", b"text", gzip.compress(b"text")], ids=["empty", "text", "gzip"]
)
def test_damaged_files_are_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.gz"
    path.write_bytes(content)
    for read in (read_idx, read_cifar10):
        with pytest.raises(DatasetError, match=r"damaged\.gz is"):
            read(path)


def test_an_idx_file_that_is_cut_short_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(gzip.decompress(idx(good()["x_train"]))[:-1]))

    with pytest.raises(DatasetError, match=r"cut\.gz is damaged"):
        read_idx(path)


def test_a_damaged_archive_of_records_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cifar\.tar\.gz is damaged"):
        read_cifar10(cifar(tmp_path / "cifar.tar.gz", bytes(3072), bytes(3073)))


def test_the_real_mnist_has_the_real_checksum() -> None:
    """As published by Keras (keras/src/datasets/mnist.py)."""
    assert DOWNLOADS["mnist"].files["mnist.npz"].startswith("731c5ac602752760c8e48fbffcf8c3b8")
    for known in DOWNLOADS.values():
        assert all(len(sha256) == 64 for sha256 in known.files.values())
        assert known.base.startswith("https://")
