"""The folder that data sets lie in: files named by their SHA-256, and a record for each name.

A file is written under a temporary name, brought to the disk, and renamed, so that what has a name
is whole. Nothing is ever changed in place: a job's results belong to the bytes it was run on.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from hpsearch.errors import DatasetError

MAX_FILE = 2 * 2**30  # bytes
CHUNK = 2**20  # bytes


@dataclass(frozen=True)
class Record:
    """A data set on the shelf. shape: channels, height, width. training, test: images."""

    name: str
    sha256: str
    classes: int
    shape: tuple[int, int, int]
    training: int
    test: int
    source: str


class Shelf:
    """Files by SHA-256 and records by name, in one folder; several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def record(self, name: str) -> Record | None:
        """None where there is no such name; raises DatasetError where its record is damaged."""
        path = self._folder / f"{name}.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            return Record(**{**facts, "shape": tuple(facts["shape"])})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DatasetError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise DatasetError(f"{path} is damaged: remove it and add {name} again") from error

    def file(self, record: Record) -> Path:
        """The record's file; raises DatasetError where it is missing or not the same any more."""
        path = self._folder / f"{record.sha256}.npz"
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DatasetError(
                f"the file of {record.name} cannot be read: {path}: {error.strerror}"
            ) from error
        if found != record.sha256:
            raise DatasetError(
                f"the file of {record.name} is damaged: {path} is not what was added"
            )
        return path

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A name for a new file, which is removed on leaving unless it was kept."""
        with _writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(".part", "draft-", self._folder)
            os.close(descriptor)
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, draft: Path, record: Record) -> None:
        """Put a draft on the shelf; the same name and content again changes nothing.

        Raises DatasetError where the name has another content.
        """
        with _writing(self._folder):
            os.replace(draft, self._folder / f"{record.sha256}.npz")
            _sync_folder(self._folder)
            text = json.dumps({**asdict(record), "shape": list(record.shape)}, indent=1)
            with self.draft() as note:
                with note.open("w", encoding="utf-8") as file:
                    file.write(text + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    os.link(note, self._folder / f"{record.name}.json")  # fails where it exists
                except FileExistsError:
                    self._same(record)
            _sync_folder(self._folder)

    def _same(self, record: Record) -> None:
        known = self.record(record.name)
        if known is None or known.sha256 != record.sha256:
            raise DatasetError(
                f"{record.name} is there already, with other images; "
                "add the file under another name"
            )


def copy_whole(source: Path, target: Path) -> str:
    """Copy a file and bring it to the disk; returns its SHA-256. Raises DatasetError."""
    digest = hashlib.sha256()
    copied = 0
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(CHUNK):
                copied += len(chunk)
                if copied > MAX_FILE:
                    raise DatasetError(
                        f"{source.name} is larger than {MAX_FILE / 2**30:g} GiB, the most"
                    )
                digest.update(chunk)
                writer.write(chunk)
            _sync(writer)
    except OSError as error:
        where = error.filename or target
        raise DatasetError(f"cannot copy {source}: {where}: {error.strerror}") from error
    return digest.hexdigest()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatasetError(f"cannot write to {folder}: {error.strerror}") from error


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
