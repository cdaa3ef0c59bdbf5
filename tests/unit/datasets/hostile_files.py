"""Files that somebody made to do harm, or by mistake."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def good(**others: Array) -> dict[str, Array]:
    """Arrays of a small, sound data set: 40 and 8 grey images of 4 × 5, in 4 classes."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 4, 5), dtype=np.uint8)
    labels = np.arange(48, dtype=np.uint8) % 4
    arrays: dict[str, Array] = {
        "x_train": pixels[:40],
        "y_train": labels[:40],
        "x_test": pixels[40:],
        "y_test": labels[40:],
    }
    return {**arrays, **others}


def npy(array: Array) -> bytes:
    """The bytes of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def npy_of(header: str, data: bytes = b"", length: int | None = None) -> bytes:
    """An .npy file with this header, which need not be true."""
    text = header.encode("latin-1") + b"\n"
    size = len(text) if length is None else length
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", size) + text + data


def header(dtype: str = "|u1", shape: str = "(2, 2)", fortran: str = "False") -> str:
    return f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}"


def members(**others: bytes) -> dict[str, bytes]:
    """The members of a sound archive, some of them replaced."""
    return {**{name: npy(array) for name, array in good().items()}, **others}


def write_zip(path: Path, contents: Mapping[str, bytes], compressed: bool = True) -> Path:
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name if "." in name else f"{name}.npy", content)
    return path


def write_npz(path: Path, arrays: Mapping[str, Array]) -> Path:
    return write_zip(path, {name: npy(array) for name, array in arrays.items()})


def zeros(shape: str, size: int) -> bytes:
    """An array of zero bytes, which packs to a thousandth."""
    return npy_of(header(shape=shape), bytes(size))


class Evil:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return print, ("unpickled",)  # type: ignore[return-value]  # any function would do


def objects() -> bytes:
    return npy(np.array([Evil()], dtype=object))
