"""The formats in which well-known data sets are published."""

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.errors import DatasetError

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
Read = Callable[[Mapping[str, Path]], Arrays]  # files by the name under which they are published


def read_mnist_files(paths: Mapping[str, Path]) -> Arrays:
    """The four IDX files of MNIST and of all that followed it."""
    return {
        "x_train": read_idx(paths["train-images-idx3-ubyte.gz"]),
        "y_train": read_idx(paths["train-labels-idx1-ubyte.gz"]),
        "x_test": read_idx(paths["t10k-images-idx3-ubyte.gz"]),
        "y_test": read_idx(paths["t10k-labels-idx1-ubyte.gz"]),
    }


def read_idx(path: Path) -> Array:
    """A gzipped IDX file of bytes: two zero bytes, the type, the rank, sizes, then the bytes.

    Raises DatasetError.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zero, kind, rank = struct.unpack(">HBB", content[:4])
        if zero or kind != 8:
            raise DatasetError(f"{path.name} is not an IDX file of bytes")
        shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DatasetError(f"{path.name} is damaged: {error}") from error


def read_cifar10_file(paths: Mapping[str, Path]) -> Arrays:
    """The one file of CIFAR-10."""
    (path,) = paths.values()
    return read_cifar10(path)


def read_cifar10(path: Path) -> Arrays:
    """CIFAR-10's binary version: a byte of label, then 3 × 32 × 32 bytes, for each image.

    Raises DatasetError.
    """
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


# By the name of the data set; MNIST's file is an .npz file like any other.
READERS: Mapping[str, Read] = {
    "fashion_mnist": read_mnist_files,
    "cifar10": read_cifar10_file,
}
