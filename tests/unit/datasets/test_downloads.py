"""Published files: read as their formats say, and only where their checksums are right."""

import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest

from hpsearch.datasets import downloads
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.downloads import DOWNLOADS, Download, fetch, read_cifar10, read_idx
from hpsearch.errors import DatasetError
from tests.unit.datasets.hostile_files import good, write_npz

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


class Pretended:
    """Stands for pooch: takes files from a folder, and checks them as pooch does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []

    def retrieve(self, url: str, known_hash: str, fname: str, path: Path, **_: object) -> str:
        self.calls.append(url)
        content = (self.folder / fname).read_bytes()
        if hashlib.sha256(content).hexdigest() != known_hash.removeprefix("sha256:"):
            raise ValueError("SHA256 hash of downloaded file does not match")
        target = Path(path) / fname
        target.write_bytes(content)
        return str(target)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """Small files under the names and formats of the published ones, with their checksums."""
    folder = tmp_path / "published"
    folder.mkdir()
    write_npz(folder / "mnist.npz", good())
    for name, file in IDX_NAMES.items():
        (folder / file).write_bytes(idx(good()[name]))
    images = np.random.default_rng(0).integers(0, 256, (10, 3073), dtype=np.uint8)
    images[:, 0] = np.arange(10)
    cifar(folder / "cifar-10-binary.tar.gz", images.tobytes(), images.tobytes())
    small = {
        name: Download(
            known.source,
            known.base,
            {
                file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
                for file in known.files
            },
            known.read,
        )
        for name, known in DOWNLOADS.items()
    }
    pretended = Pretended(folder)
    monkeypatch.setattr(downloads, "DOWNLOADS", small)
    monkeypatch.setattr(pooch, "retrieve", pretended.retrieve)
    return pretended


@pytest.mark.parametrize(
    ("name", "shape", "files"),
    [("mnist", (1, 4, 5), 1), ("fashion_mnist", (1, 4, 5), 4), ("cifar10", (3, 32, 32), 1)],
)
def test_a_well_known_data_set_is_fetched_once(
    published: Pretended, tmp_path: Path, name: str, shape: tuple[int, int, int], files: int
) -> None:
    here = Catalogue(tmp_path / "data")

    assert here.load(name).shape == shape
    assert here.load(name).shape == shape
    assert Catalogue(tmp_path / "data").load(name).shape == shape

    assert len(published.calls) == files
    assert {info.name: info.available for info in here.describe()}[name]
    assert {info.name: info.source for info in here.describe()}[name] == DOWNLOADS[name].source
    kept = sorted(path.suffix for path in (tmp_path / "data" / "datasets").iterdir())
    assert kept == [".json", ".npz"]


def test_idx_files_hold_the_images(published: Pretended, tmp_path: Path) -> None:
    arrays = fetch("fashion_mnist", tmp_path)

    assert published.calls[0].startswith("https://github.com/zalandoresearch/fashion-mnist/")
    for name, array in good().items():
        np.testing.assert_array_equal(arrays[name], array)


def test_a_file_that_is_not_the_published_one_is_refused(
    published: Pretended, tmp_path: Path
) -> None:
    write_npz(published.folder / "mnist.npz", good(y_test=good()["y_test"][::-1]))

    with pytest.raises(DatasetError, match="is not the one that was published"):
        Catalogue(tmp_path / "data").load("mnist")
    assert list((tmp_path / "data" / "datasets").iterdir()) == []


def test_cifar10_is_planes_of_red_green_and_blue(tmp_path: Path) -> None:
    record = bytes([7]) + bytes([1]) * 1024 + bytes([2]) * 1024 + bytes(range(256)) * 4
    arrays = read_cifar10(cifar(tmp_path / "cifar.tar.gz", record, record * 2))

    assert arrays["x_train"].shape == (5, 32, 32, 3)
    assert arrays["x_test"].shape == (2, 32, 32, 3)
    assert arrays["y_test"].tolist() == [7, 7]
    assert arrays["x_train"][0, 1, 2].tolist() == [1, 2, 34]  # row 1, column 2: byte 34 of blue


@pytest.mark.parametrize("content", [b"", b"text", gzip.compress(b"text")])
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
