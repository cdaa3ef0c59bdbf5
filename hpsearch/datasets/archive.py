"""Reading an .npz file that anybody may have made: everything is checked before it is unpacked."""

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from hpsearch.errors import DatasetError

Array = npt.NDArray[Any]

MEMBERS = ("x_train", "y_train", "x_test", "y_test")
MAX_UNPACKED = 4 * 2**30  # bytes, of all arrays together
MAX_SIZE = 2**40  # along a dimension; NumPy cannot count much further
MAX_HEADER = 4096  # bytes; NumPy's own headers of plain arrays take 118

_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<dtype>[^']{1,10})'\s*,"
    r"\s*'fortran_order':\s*(?P<fortran>True|False)\s*,"
    r"\s*'shape':\s*\((?P<shape>[0-9, ]{0,100})\)\s*,?\s*\}\s*"
)
_PLAIN_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")


def read_arrays(path: Path, called: str | None = None) -> dict[str, Array]:
    """The arrays of an .npz file with exactly the four members; raises DatasetError.

    `called` is the name by which errors tell of the file, where it is not its own.
    """
    with _as_dataset_error(called or path.name), zipfile.ZipFile(path) as archive:
        members = _members(archive)
        heads = {name: _read_head(archive, info) for name, info in members.items()}
        total = sum(head.size for head in heads.values())
        if total > MAX_UNPACKED:
            raise DatasetError(
                f"the arrays take {_gib(total)} unpacked; {_gib(MAX_UNPACKED)} is the most"
            )
        return {name: _read_array(archive, members[name], head) for name, head in heads.items()}


@contextmanager
def _as_dataset_error(name: str) -> Iterator[None]:
    try:
        yield
    except DatasetError as error:
        raise DatasetError(f"{name}: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise DatasetError(f"{name} is damaged or no .npz file: {error}") from error
    except (NotImplementedError, RuntimeError, UnicodeError, ValueError) as error:
        raise DatasetError(f"{name} cannot be read as an .npz file: {error}") from error
    except MemoryError as error:
        raise DatasetError(f"{name}: its arrays do not fit into memory") from error
    except OSError as error:
        raise DatasetError(f"cannot read {name}: {error.strerror or error}") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    wanted = {f"{name}.npy": name for name in MEMBERS}
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename not in wanted:
            raise DatasetError(
                f"has a member {info.filename!r}; "
                f"it must hold {', '.join(MEMBERS)} and nothing else"
            )
        name = wanted[info.filename]
        if name in found:
            raise DatasetError(f"has two members {info.filename!r}")
        if info.flag_bits & 1:
            raise DatasetError("is encrypted")
        found[name] = info
    missing = [name for name in MEMBERS if name not in found]
    if missing:
        raise DatasetError(f"has no array {missing[0]}; it must hold {', '.join(MEMBERS)}")
    return found


class _Head:
    """What an .npy header says. offset, size: bytes before, and of, the array's data."""

    def __init__(self, dtype: str, fortran: bool, shape: tuple[int, ...], offset: int) -> None:
        self.dtype = np.dtype(dtype)
        self.order: Literal["C", "F"] = "F" if fortran else "C"
        self.shape = shape
        self.offset = offset
        self.size = math.prod(shape) * self.dtype.itemsize


def _read_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Head:
    """The header, checked against the size that the directory says; nothing else is unpacked."""
    with archive.open(info) as member:
        head = _parse_head(member, info.filename)
    if head.offset + head.size != info.file_size:
        raise DatasetError(
            f"{info.filename} says that its array is {head.shape} of {head.dtype}, "
            f"which is {head.size} bytes, but {info.file_size - head.offset} follow"
        )
    return head


def _parse_head(member: IO[bytes], name: str) -> _Head:
    magic = member.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise DatasetError(f"{name} is no NumPy array")
    form = "<H" if magic[6] == 1 else "<I"
    (length,) = struct.unpack(form, member.read(struct.calcsize(form)))
    if length > MAX_HEADER:
        raise DatasetError(f"{name} has a header of {length} bytes; {MAX_HEADER} is the most")
    text = member.read(length).decode("latin-1")
    match = _HEADER.fullmatch(text)
    if match is None or not _PLAIN_DTYPE.fullmatch(match["dtype"]):
        raise DatasetError(f"{name} must be a plain array of numbers, its header is {text[:80]!r}")
    shape = tuple(int(size) for size in match["shape"].split(",") if size.strip())
    if any(size > MAX_SIZE for size in shape):
        raise DatasetError(f"{name} says that its shape is {shape}, which is too large")
    offset = len(magic) + struct.calcsize(form) + length
    return _Head(match["dtype"], match["fortran"] == "True", shape, offset)


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, head: _Head) -> Array:
    with archive.open(info) as member:
        member.read(head.offset)
        data = member.read(head.size)
        if len(data) != head.size or member.read(1):  # reading to the end checks the checksum
            raise DatasetError(f"{info.filename} is cut short")
    flat: Array = np.frombuffer(data, head.dtype)
    return flat.reshape(head.shape, order=head.order)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
