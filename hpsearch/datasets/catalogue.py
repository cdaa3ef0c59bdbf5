"""The data sets that a search may name."""

import re
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from hpsearch.datasets import digits
from hpsearch.datasets.archive import read_arrays
from hpsearch.datasets.arrays import to_dataset
from hpsearch.datasets.downloads import DOWNLOADS, fetch, how_to_add
from hpsearch.datasets.shelf import Record, Shelf, copy_whole
from hpsearch.datasets.values import Dataset
from hpsearch.errors import DatasetError, UnknownDataset

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
KEPT = 2  # data sets kept in memory


@dataclass(frozen=True)
class DatasetInfo:
    """A data set without its images. shape: channels, height, width. training, test: images.

    What is not available yet has no shape and no counts, and says in `how` how to get it.
    """

    name: str
    source: str
    available: bool
    classes: int | None = None
    shape: tuple[int, int, int] | None = None
    training: int | None = None
    test: int | None = None
    sha256: str | None = None
    how: str | None = None


class Catalogue:
    """Built-in data sets, well-known ones that are fetched when first used, and added files.

    Files lie in `data_dir`/datasets. Safe to use from several threads and processes.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "datasets"
        self._shelf = Shelf(self._folder)
        self._fetching = threading.Lock()
        self._read = lru_cache(maxsize=KEPT)(self._read_record)

    def names(self) -> list[str]:
        """All names, those too that must be fetched first."""
        return sorted({digits.NAME, *DOWNLOADS, *self._shelf.names()})

    def describe(self) -> list[DatasetInfo]:
        """All data sets, by name."""
        return [self._info(name) for name in self.names()]

    def load(self, name: str) -> Dataset:
        """The images; a well-known data set that is not here yet is downloaded.

        Raises UnknownDataset, or DatasetError where it cannot be had.
        """
        if name == digits.NAME:
            return digits.digits()
        record = self._record(name)
        if record is None and name in DOWNLOADS:
            with self._fetching:
                record = self._record(name) or self._fetch(name)
        if record is None:
            raise UnknownDataset(name, self.names())
        return self._read(record)

    def add(self, name: str, file: Path) -> DatasetInfo:
        """Add an .npz file under a name; the same file again changes nothing.

        Raises DatasetError for a name or a file that will not do; nothing is then stored.
        """
        if not NAME.fullmatch(name):
            raise DatasetError(
                f"a data set cannot be named {name!r}: names are 1 to 64 of a-z, 0-9, _ and -, "
                "and begin with a letter or a digit"
            )
        if name == digits.NAME:
            raise DatasetError(f"{name} is built in; add the file under another name")
        with self._shelf.draft() as draft:
            sha256 = copy_whole(file, draft)
            record = self._check(
                name, draft, sha256, source=f"added from {file.name}", called=file.name
            )
            self._shelf.keep(draft, record)
        return self._info(name)

    def _record(self, name: str) -> Record | None:
        return self._shelf.record(name) if NAME.fullmatch(name) else None

    def _info(self, name: str) -> DatasetInfo:
        if name == digits.NAME:
            built_in = digits.digits()
            return DatasetInfo(
                name,
                digits.SOURCE,
                available=True,
                classes=built_in.classes,
                shape=built_in.shape,
                training=len(built_in.training),
                test=len(built_in.test),
            )
        try:
            record = self._record(name)
        except DatasetError as error:
            return DatasetInfo(name, "", available=False, how=str(error))
        if record is None:
            how = f"it is downloaded when a job first names it; {how_to_add(name)}"
            return DatasetInfo(name, DOWNLOADS[name].source, available=False, how=how)
        return DatasetInfo(
            name,
            record.source,
            available=True,
            classes=record.classes,
            shape=record.shape,
            training=record.training,
            test=record.test,
            sha256=record.sha256,
        )

    def _check(
        self, name: str, file: Path, sha256: str, source: str, called: str | None = None
    ) -> Record:
        found = to_dataset(name, read_arrays(file, called))
        return Record(
            name, sha256, found.classes, found.shape, len(found.training), len(found.test), source
        )

    def _fetch(self, name: str) -> Record:
        with self._shelf.draft() as draft, self._shelf.draft() as copy:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                arrays = fetch(name, Path(folder))
            with draft.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # a mapping of arrays
            sha256 = copy_whole(draft, copy)
            record = self._check(name, copy, sha256, DOWNLOADS[name].source)
            self._shelf.keep(copy, record)
        return record

    def _read_record(self, record: Record) -> Dataset:
        return to_dataset(record.name, read_arrays(self._shelf.file(record)))
