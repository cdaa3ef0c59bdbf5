"""Reading an .npz file that anybody may have made: everything is checked before it is unpacked.

Python's and NumPy's readers believe what a file says of itself: 181 bytes can ask for terabytes.
Here the zip directory is bounded before it is read, headers are matched instead of evaluated, and
directory and header must agree on a size before anything is unpacked.
"""

import io
import lzma
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

from hpsearch.datasets.findings import printable
from hpsearch.errors import DatasetError, DatasetRefused

Array = npt.NDArray[Any]

MAX_UNPACKED = 4 * 2**30  # bytes, of all arrays together
MAX_SIZE = 2**40  # along a dimension; NumPy cannot count much further
MAX_HEADER = 4096  # bytes; NumPy's own headers of plain arrays take 118
MAX_DIRECTORY = 16 * 2**20  # bytes: some 150,000 members
CHUNK = 2**20  # bytes

_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<dtype>[^']{1,10})'\s*,"
    r"\s*'fortran_order':\s*(?P<fortran>True|False)\s*,"
    r"\s*'shape':\s*\((?P<shape>[0-9, ]{0,100})\)\s*,?\s*\}\s*"
)
_PLAIN_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|[US][1-9][0-9]{0,4})")


class Head:
    """What an .npy header says. offset, size: bytes before, and of, the array's data."""

    def __init__(self, dtype: str, fortran: bool, shape: tuple[int, ...], offset: int) -> None:
        self.dtype = np.dtype(dtype)
        self.order: Literal["C", "F"] = "F" if fortran else "C"
        self.shape = shape
        self.offset = offset
        self.size = math.prod(shape) * self.dtype.itemsize


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file whose directory is within bounds; raises DatasetError."""
    with refusing():
        file = _BoundedFile(io.FileIO(path))
    with file:
        with refusing():
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


class _BoundedFile(io.BufferedReader):
    """The one large read of ZipFile is that of the directory, whose size the file itself tells."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise DatasetError(
                f"its zip directory takes {size / 2**20:,.0f} MB; "
                f"the maximum is {MAX_DIRECTORY / 2**20:,.0f} MB"
            )
        return super().read(size)


def read_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Head:
    """The header of an array, checked against the size that the directory says.

    Raises DatasetError; nothing but the header is unpacked.
    """
    name = printable(info.filename)
    with refusing(name):
        if info.flag_bits & 1:
            raise DatasetError("it is encrypted")
        with archive.open(info) as member:
            head = _parse_head(member)
        if head.offset + head.size != info.file_size:
            raise DatasetError(
                f"says that its array is {head.shape} of {head.dtype}, "
                f"which is {head.size} bytes, but {info.file_size - head.offset} follow"
            )
        return head


def check_total(heads: list[Head]) -> None:
    """Raises DatasetError if the arrays together are larger than may be unpacked."""
    total = sum(head.size for head in heads)
    if total > MAX_UNPACKED:
        raise DatasetError(
            f"the arrays take {_gib(total)} unpacked; the maximum is {_gib(MAX_UNPACKED)}"
        )


def read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, head: Head) -> Array:
    """The array of a header that was checked. Raises DatasetError."""
    with refusing(printable(info.filename)):
        data = np.empty(head.size, np.uint8)
        with archive.open(info) as member:
            member.read(head.offset)
            filled = _fill(data.data, member)
            if filled != head.size or member.read(1):  # reading to the end checks the checksum
                raise DatasetError("it is cut short")
        return data.view(head.dtype).reshape(head.shape, order=head.order)


def _fill(data: memoryview, member: IO[bytes]) -> int:
    """Read in pieces: as one piece, the bytes would be in memory twice."""
    filled = 0
    while piece := member.read(min(CHUNK, len(data) - filled)):
        data[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled


def _parse_head(member: IO[bytes]) -> Head:
    magic = member.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise DatasetError("is not a NumPy array")
    form = "<H" if magic[6] == 1 else "<I"
    (length,) = struct.unpack(form, member.read(struct.calcsize(form)))
    if length > MAX_HEADER:
        raise DatasetError(f"has a header of {length} bytes; the maximum is {MAX_HEADER}")
    text = member.read(length).decode("latin-1")
    match = _HEADER.fullmatch(text)
    if match is None or not _PLAIN_DTYPE.fullmatch(match["dtype"]):
        raise DatasetError(
            f"must be a plain array of numbers or text, its header is {printable(text, 80)!r}"
        )
    shape = tuple(int(size) for size in match["shape"].split(",") if size.strip())
    if any(size > MAX_SIZE for size in shape):
        raise DatasetError(f"says that its shape is {shape}, which is too large")
    offset = len(magic) + struct.calcsize(form) + length
    return Head(match["dtype"], match["fortran"] == "True", shape, offset)


@contextmanager
def refusing(name: str = "") -> Iterator[None]:
    """Whatever a broken or hostile file makes the readers raise, as a DatasetError of `name`."""
    told = f"{name} " if name else ""
    try:
        yield
    except DatasetRefused:
        raise
    except DatasetError as error:
        raise DatasetError(f"{told}{error}") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error) as error:
        raise DatasetError(f"{told}is damaged or not a zip file: {error}") from error
    except (NotImplementedError, RuntimeError, UnicodeError, ValueError, TypeError) as error:
        raise DatasetError(f"{told}cannot be read: {error}") from error
    except MemoryError as error:
        raise DatasetError(f"{told}does not fit into memory") from error
    except OSError as error:
        raise DatasetError(f"{told}cannot be read: {error.strerror or error}") from error


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
