"""The form in which data sets are kept: one .npz file of four arrays.

`x_train` and `x_test` are (count, height, width) or (count, height, width, channels), bytes or
floats; `y_train` and `y_test` are (count,) or (count, 1), whole numbers from 0. Files of every
earlier version are read, and give the same bits: results belong to them.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.archive import check_total, open_zip, read_array, read_head, refusing
from hpsearch.datasets.values import Dataset, Images, Part
from hpsearch.errors import DatasetError

Array = npt.NDArray[Any]

MEMBERS = ("x_train", "y_train", "x_test", "y_test")


def read_stored(name: str, path: Path) -> Dataset:
    """A data set from the file that is kept of it. Raises DatasetError."""
    with refusing(f"the file of {name}"), open_zip(path) as archive:
        members = {member: archive.getinfo(f"{member}.npy") for member in MEMBERS}
        heads = {member: read_head(archive, info) for member, info in members.items()}
        check_total(list(heads.values()))
        arrays = {
            member: read_array(archive, info, heads[member]) for member, info in members.items()
        }
    return to_dataset(name, arrays)


def to_dataset(name: str, arrays: Mapping[str, Array]) -> Dataset:
    """A data set of arrays that are in the form described above."""
    training = Part(_images(arrays["x_train"]), _labels(arrays["y_train"]))
    test = Part(_images(arrays["x_test"]), _labels(arrays["y_test"]))
    return Dataset(name, training, test, classes=int(training.labels.max()) + 1)


def _images(array: Array) -> Images:
    """(count, channels, height, width), read-only."""
    if array.ndim == 3:
        array = array[..., np.newaxis]
    kind: Any = np.float32 if array.dtype.kind == "f" else np.uint8
    with np.errstate(over="ignore"):
        images: Images = np.ascontiguousarray(array.transpose(0, 3, 1, 2), kind)
    images.setflags(write=False)
    return images


def _labels(array: Array) -> npt.NDArray[np.int64]:
    labels = np.ascontiguousarray(array.reshape(len(array)), dtype=np.int64)
    labels.setflags(write=False)
    return labels


class StoredWriter:
    """Writes the file of a data set, array by array; the same arrays give the same bytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def stream(self, name: str, dtype: str, shape: tuple[int, ...]) -> Iterator[IO[bytes]]:
        """A place to write the array's bytes to, in C order; it must be filled wholly."""
        info = zipfile.ZipInfo(f"{name}.npy")  # its date is that of the first zip file
        with self._archive.open(info, "w", force_zip64=True) as member:
            header = io.BytesIO()
            facts = {"descr": dtype, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(header, facts)
            member.write(header.getvalue())
            yield member

    def array(self, name: str, array: Array) -> None:
        whole = np.ascontiguousarray(array)
        with self.stream(name, whole.dtype.str, whole.shape) as member:
            member.write(whole.data.cast("B") if whole.size else b"")


@contextmanager
def writing_stored(path: Path) -> Iterator[StoredWriter]:
    """Raises DatasetError if the file cannot be written."""
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            yield StoredWriter(archive)
    except OSError as error:
        raise DatasetError(f"cannot write to {path.parent}: {error.strerror}") from error


def write_stored(path: Path, arrays: Mapping[str, Array]) -> None:
    with writing_stored(path) as writer:
        for name in MEMBERS:
            writer.array(name, arrays[name])
