"""Files that are whole once they have their name."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hpsearch.errors import DatasetError

MAX_FILE = 2 * 2**30  # bytes
CHUNK = 2**20  # bytes


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file; raises DatasetError if it is too large or cannot be read or written."""
    copied = 0
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(CHUNK):
                copied += len(chunk)
                if copied > MAX_FILE:
                    raise DatasetError(
                        f"{source.name} is larger than {MAX_FILE / 2**30:g} GiB, the maximum"
                    )
                writer.write(chunk)
    except OSError as error:
        where = error.filename or target
        raise DatasetError(f"cannot copy {source}: {where}: {error.strerror}") from error


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Bring a file to the disk; a rename is on the disk once its folder is."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(file: IO[str], text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What goes wrong while files are written there, as a DatasetError."""
    try:
        yield
    except OSError as error:
        raise DatasetError(f"cannot write to {folder}: {error.strerror}") from error
