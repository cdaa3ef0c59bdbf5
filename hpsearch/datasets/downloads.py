"""Well-known data sets, fetched from where they are published and checked by SHA-256.

The checksums are those that Keras and TensorFlow Datasets publish for the same files.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from hpsearch.errors import DatasetError

TIMEOUT = 20.0  # seconds without an answer
MAX_SECONDS = 1800.0  # for all files of a data set
MAX_DOWNLOAD = 2**30  # bytes of one file


@dataclass(frozen=True)
class Download:
    """A published data set. files: SHA-256 by file name, all under `base`. size: bytes in all."""

    source: str
    base: str
    files: Mapping[str, str]
    size: int


def fetch(
    name: str, folder: Path, received: Callable[[int], None], stop: threading.Event
) -> dict[str, Path]:
    """Download the files of a data set of `DOWNLOADS` into `folder`; their paths by their names.

    received: is called with the number of bytes that each piece has. Raises DatasetError, also
    if `stop` is set or MAX_SECONDS are over.
    """
    download = DOWNLOADS[name]
    deadline = time.monotonic() + MAX_SECONDS
    paths = {file: folder / file for file in download.files}
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
            for file, path in paths.items():
                for size in _pieces(client, download.base + file, path, download.files[file]):
                    received(size)
                    if stop.is_set():
                        raise DatasetError(f"the download of {name} was stopped")
                    if time.monotonic() > deadline:
                        raise DatasetError(
                            f"the download of {name} took longer than {MAX_SECONDS / 60:g} "
                            f"minutes, the maximum; {how_to_add(name)}"
                        )
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError) as error:
        # ImportError, ValueError: a proxy of the environment that httpx cannot use
        reason = str(error) or type(error).__name__
        raise DatasetError(
            f"{name} could not be downloaded from {download.base} ({reason}); {how_to_add(name)}"
        ) from error
    except _NotPublished as error:
        raise DatasetError(
            f"{name}: {error} from {download.base} is not the file that was published (its SHA-256 "
            f"differs); {how_to_add(name)}"
        ) from None
    return paths


class _NotPublished(Exception):
    """A file has another checksum."""


def _pieces(client: httpx.Client, url: str, path: Path, sha256: str) -> Iterator[int]:
    """Write a file piece by piece, yielding the size of each."""
    found = hashlib.sha256()
    total = 0
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        with path.open("wb") as file:
            for piece in answer.iter_raw():
                total += len(piece)
                if total > MAX_DOWNLOAD:
                    raise _NotPublished(path.name)
                found.update(piece)
                file.write(piece)
                yield len(piece)
    if found.hexdigest() != sha256:
        raise _NotPublished(path.name)


def how_to_add(name: str) -> str:
    """What a person can do without a network."""
    return (
        f"without a network, add it from a file: hpsearch datasets add {name} FILE.npz "
        "(arrays x_train, y_train, x_test, y_test)"
    )


DOWNLOADS: Mapping[str, Download] = {
    "mnist": Download(
        source="MNIST, from TensorFlow's copy",
        base="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        files={"mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
        size=11_490_434,
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
        size=30_878_645,
    ),
    "cifar10": Download(
        source="CIFAR-10, from the University of Toronto",
        base="https://www.cs.toronto.edu/~kriz/",
        files={
            "cifar-10-binary.tar.gz": (
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
            )
        },
        size=170_052_171,
    ),
}
