"""Well-known data sets, fetched from where they are published and checked by SHA-256.

The checksums are those that Keras and TensorFlow Datasets publish for the same files.
"""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pooch
from requests.exceptions import RequestException

from hpsearch.datasets.archive import read_arrays
from hpsearch.errors import DatasetError

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

TIMEOUT = 20  # seconds without an answer


@dataclass(frozen=True)
class Download:
    """A published data set. files: SHA-256 by file name, all under `base`."""

    source: str
    base: str
    files: Mapping[str, str]
    read: Callable[[Mapping[str, Path]], Arrays]


def fetch(name: str, folder: Path) -> Arrays:
    """Download a data set of `DOWNLOADS` into `folder`, and read it; raises DatasetError."""
    download = DOWNLOADS[name]
    try:
        paths = {
            file: Path(
                pooch.retrieve(
                    url=download.base + file,
                    known_hash=f"sha256:{sha256}",
                    fname=file,
                    path=folder,
                    downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
                )
            )
            for file, sha256 in download.files.items()
        }
    except (RequestException, OSError) as error:
        raise DatasetError(
            f"{name} could not be downloaded from {download.base} ({type(error).__name__}); "
            f"{how_to_add(name)}"
        ) from error
    except ValueError as error:
        raise DatasetError(
            f"{name}: a file from {download.base} is not the one that was published (its SHA-256 "
            f"differs); {how_to_add(name)}"
        ) from error
    return download.read(paths)


def how_to_add(name: str) -> str:
    """What a person can do where there is no network."""
    return (
        f"without a network, add it from a file: hpsearch datasets add {name} FILE.npz "
        "(arrays x_train, y_train, x_test, y_test)"
    )


def _read_npz(paths: Mapping[str, Path]) -> Arrays:
    (path,) = paths.values()
    return read_arrays(path)


def _read_idx(paths: Mapping[str, Path]) -> Arrays:
    """The IDX format of MNIST: two zero bytes, the type, the rank, sizes, then the bytes."""
    return {
        "x_train": read_idx(paths["train-images-idx3-ubyte.gz"]),
        "y_train": read_idx(paths["train-labels-idx1-ubyte.gz"]),
        "x_test": read_idx(paths["t10k-images-idx3-ubyte.gz"]),
        "y_test": read_idx(paths["t10k-labels-idx1-ubyte.gz"]),
    }


def read_idx(path: Path) -> Array:
    """A gzipped IDX file of bytes; raises DatasetError."""
    try:
        content = gzip.decompress(path.read_bytes())
        zero, kind, rank = struct.unpack(">HBB", content[:4])
        if zero or kind != 8:
            raise DatasetError(f"{path.name} is no IDX file of bytes")
        shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DatasetError(f"{path.name} is damaged: {error}") from error


def _read_cifar10(paths: Mapping[str, Path]) -> Arrays:
    (path,) = paths.values()
    return read_cifar10(path)


def read_cifar10(path: Path) -> Arrays:
    """CIFAR-10's binary version: a byte of label, then 3 × 32 × 32 bytes, for each image."""
    batches = [f"data_batch_{number}.bin" for number in range(1, 6)]
    try:
        with tarfile.open(path) as archive:
            records = {name: _cifar_records(archive, name) for name in (*batches, "test_batch.bin")}
    except (tarfile.TarError, KeyError, OSError, EOFError, zlib.error, ValueError) as error:
        raise DatasetError(f"{path.name} is damaged: {error}") from error
    training = np.concatenate([records[name] for name in batches])
    test = records["test_batch.bin"]
    return {
        "x_train": _cifar_images(training),
        "y_train": training[:, 0],
        "x_test": _cifar_images(test),
        "y_test": test[:, 0],
    }


def _cifar_records(archive: tarfile.TarFile, name: str) -> npt.NDArray[np.uint8]:
    member = archive.extractfile(f"cifar-10-batches-bin/{name}") or io.BytesIO()
    return np.frombuffer(member.read(), np.uint8).reshape(-1, 3073)


def _cifar_images(records: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


DOWNLOADS: Mapping[str, Download] = {
    "mnist": Download(
        source="MNIST, from TensorFlow's copy",
        base="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        files={"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
        read=_read_npz,
    ),
    "fashion_mnist": Download(
        source="Fashion-MNIST, from Zalando Research",
        base="https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        files={
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
        read=_read_idx,
    ),
    "cifar10": Download(
        source="CIFAR-10, from the University of Toronto",
        base="https://www.cs.toronto.edu/~kriz/",
        files={
            "cifar-10-binary.tar.gz": (
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
            )
        },
        read=_read_cifar10,
    ),
}
