"""The folder that data sets lie in: files named by their SHA-256, and a record for each name.

A file is written under a temporary name, brought to the disk, and renamed, so that what has a name
is whole. Nothing is ever changed in place: a job's results belong to the bytes it was run on. Who
writes holds a lock on the folder; who fills a draft holds a lock on the draft, so that those of
killed processes can be told from those of living ones. Nobody else may read the files.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hpsearch.datasets.facts import Facts
from hpsearch.datasets.files import digest, sync, write_synced, writing
from hpsearch.errors import DatasetError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CONTENT = re.compile(r"[0-9a-f]{64}\.npz")
_DRAFT = re.compile(r"(draft-[a-z0-9_]{8}(\.part)?|tmp[a-z0-9_]{8})")  # of earlier versions, too


@dataclass(frozen=True)
class Record:
    """A data set that is kept: its name, the SHA-256 of its file, and what is known of it."""

    name: str
    sha256: str
    source: str
    facts: Facts
    owner: str | None = None
    """Who uploaded it; None for what was added on this machine."""


class ContentStore:
    """Files by SHA-256 and records by name, in one folder; several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Names of records; files of other programs are not among them."""
        return sorted(
            path.stem for path in self._folder.glob("*.json") if NAME.fullmatch(path.stem)
        )

    def record(self, name: str) -> Record | None:
        """None if there is no such name; raises DatasetError if its record is damaged."""
        path = self._folder / f"{name}.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            owner = facts.get("owner")
            return Record(name, facts["sha256"], facts["source"], Facts.from_json(facts), owner)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DatasetError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise DatasetError(f"{path} is damaged: remove it and add {name} again") from error

    def file(self, record: Record) -> Path:
        """The record's file; raises DatasetError if it is missing or not the same any more."""
        path = self._path(record.sha256)
        try:
            found = digest(path)
        except OSError as error:
            raise DatasetError(
                f"the file of {record.name} cannot be read: {path}: {error.strerror}"
            ) from error
        if found != record.sha256:
            raise DatasetError(
                f"the file of {record.name} is damaged: {path} is not what was added"
            )
        return path

    def size(self, record: Record) -> int | None:
        """Bytes of the record's file; None if it is missing."""
        try:
            return self._path(record.sha256).stat().st_size
        except OSError:
            return None

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A new, empty folder for files that are not whole yet; it is removed on leaving."""
        with writing(self._folder), self._locked():
            self._sweep()
            path = Path(tempfile.mkdtemp("", "draft-", self._folder))
            descriptor = os.open(path, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)

    def keep(
        self, draft: Path, name: str, source: str, facts: Facts, owner: str | None = None
    ) -> Record:
        """Keep the file of a draft under a name; the same name and content again heals the file.

        Raises DatasetError if the name has another content; the file is then not kept.
        """
        with writing(self._folder):
            os.chmod(draft, 0o600)
            sync(draft)
            record = Record(name, digest(draft), source, facts, owner)
            with self._locked():
                known = self.record(name)
                if known is not None and known.sha256 != record.sha256:
                    raise DatasetError(
                        f"{name} is there already, with other images; add them under another "
                        f"name, or delete it first: hpsearch datasets delete {name}"
                    )
                if known is not None:
                    record = replace(record, owner=known.owner)  # whoever came first
                os.replace(draft, self._path(record.sha256))
                sync(self._folder)
                self._write(record, draft.with_name("record"))
        return record

    def _write(self, record: Record, draft: Path) -> None:
        facts = {"name": record.name, "sha256": record.sha256, "source": record.source}
        if record.owner is not None:
            facts["owner"] = record.owner
        text = json.dumps({**facts, **record.facts.to_json()}, indent=1)
        with open(draft, "w", encoding="utf-8", opener=_private) as file:
            write_synced(file, text + "\n")
        os.replace(draft, self._folder / f"{record.name}.json")
        sync(self._folder)

    def delete(self, name: str) -> bool:
        """Remove a name, and its file unless another name has the same; False: it was not there."""
        with writing(self._folder), self._locked():
            path = self._folder / f"{name}.json"
            if not NAME.fullmatch(name) or not path.exists():
                return False
            path.unlink()
            sync(self._folder)
            self._sweep()
        return True

    def sweep(self) -> None:
        """Remove what killed processes left behind, and let nobody else read the files.

        Does what it can: whoever writes next is told what is wrong with the folder.
        """
        if not self._folder.is_dir():
            return
        with suppress(OSError), self._locked():
            self._sweep()
            for path in self._folder.iterdir():
                if path.is_file():
                    with suppress(OSError):
                        path.chmod(0o600)

    def _sweep(self) -> None:
        """Drafts that nobody holds, and files that no record names. The folder is locked."""
        for path in self._folder.iterdir():
            if _DRAFT.fullmatch(path.name) and _is_abandoned(path):
                _remove(path)
        try:
            records = [self.record(name) for name in self.names()]
        except DatasetError:
            return  # a record that cannot be read may name any file
        named = {f"{record.sha256}.npz" for record in records if record}
        for path in self._folder.glob("*.npz"):
            if _CONTENT.fullmatch(path.name) and path.name not in named:
                path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.npz"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the lock ends with the process."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            with suppress(PermissionError):
                os.fchmod(descriptor, 0o700)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    """Whether nobody holds the draft's lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
