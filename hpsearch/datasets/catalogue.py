"""The data sets that a search may name."""

import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hpsearch.datasets import digits
from hpsearch.datasets.checking import check, no_progress
from hpsearch.datasets.checking_child import check_in_child, check_published_in_child
from hpsearch.datasets.content_store import NAME, ContentStore, Record
from hpsearch.datasets.downloads import DOWNLOADS, fetch, how_to_add
from hpsearch.datasets.facts import Facts
from hpsearch.datasets.fetching import Fetch, Progress
from hpsearch.datasets.image_files import Progress as Report
from hpsearch.datasets.shared import SharedDatasets
from hpsearch.datasets.stored import read_stored
from hpsearch.datasets.values import Dataset
from hpsearch.errors import DatasetError, QuotaExceeded, UnknownDataset


@dataclass(frozen=True)
class DatasetInfo:
    """A data set without its images.

    What is not available yet has no facts, and says in `how` how to get it; `fetching` says how far
    its download is. file_bytes: what it takes on the disk.
    """

    name: str
    source: str
    available: bool
    facts: Facts | None = None
    sha256: str | None = None
    file_bytes: int | None = None
    how: str | None = None
    fetching: Progress | None = None
    owner: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the HTTP interface and for `--json`."""
        facts = self.facts
        return {
            "name": self.name,
            "source": self.source,
            "owner": self.owner,
            "available": self.available,
            "classes": facts.classes if facts else None,
            "shape": list(facts.shape) if facts else None,
            "training": facts.training if facts else None,
            "test": facts.test if facts else None,
            "pixels": facts.pixels if facts else None,
            "class_names": list(facts.class_names) if facts else [],
            "training_counts": list(facts.training_counts) if facts else [],
            "test_counts": list(facts.test_counts) if facts else [],
            "understood": list(facts.understood) if facts else [],
            "sha256": self.sha256,
            "file_bytes": self.file_bytes,
            "how": self.how,
            "fetching": asdict(self.fetching) if self.fetching else None,
        }


class Catalogue:
    """Built-in data sets, well-known ones that are fetched when first used, and added ones.

    Files lie in `data_dir`/datasets. Safe to use from several threads and processes.
    """

    def __init__(self, data_dir: Path, downloads: bool = True) -> None:
        """downloads: whether well-known data sets may be fetched over the network."""
        self._store = ContentStore(data_dir / "datasets")
        self._downloads = downloads
        self._shared = SharedDatasets()
        self._lock = threading.Lock()
        self._fetches: dict[str, Fetch] = {}

    def sweep(self) -> None:
        """Remove what killed processes left in the folder."""
        self._store.sweep()

    def names(self) -> list[str]:
        """All names, including those that must be fetched first."""
        return sorted({digits.NAME, *DOWNLOADS, *self._store.names()})

    def describe(self) -> list[DatasetInfo]:
        """All data sets, by name."""
        return [self._info(name) for name in self.names()]

    def info(self, name: str) -> DatasetInfo:
        """One data set; reads no images, and waits for nothing. Raises UnknownDataset."""
        if name not in self.names():
            raise UnknownDataset(name, self.names())
        return self._info(name)

    def find(self, name: str) -> Record | None:
        """What is kept under this name, if anything is."""
        return self._record(name)

    def owned(self, owner: str) -> tuple[int, int]:
        """How many data sets somebody uploaded, and their bytes."""
        sizes = []
        for name in self._store.names():
            with suppress(DatasetError):  # of a damaged record nobody knows whose it is
                record = self._store.record(name)
                if record is not None and record.owner == owner:
                    sizes.append(self._store.size(record) or 0)
        return len(sizes), sum(sizes)

    def draft(self) -> AbstractContextManager[Path]:
        """A folder for a file that is being received; it is removed on leaving, or by `sweep`."""
        return self._store.draft()

    def ensure(self, name: str) -> Progress | None:
        """None if the data set is here; otherwise how far its download is, begun if need be.

        Waits for nothing. A download that failed is begun again only after a while, so that all who
        ask hear of it. Raises UnknownDataset, or DatasetError if it cannot be downloaded.
        """
        started = self._fetch(name)
        return None if started is None else started.progress

    def cancel(self, name: str) -> None:
        """Stop the download of a data set, if there is one."""
        with self._lock:
            if name in self._fetches:
                self._fetches[name].stop.set()

    def load(self, name: str) -> Dataset:
        """The images; a well-known data set that is not here yet is waited for.

        Many may share one data set; nobody can change it. Raises UnknownDataset, or DatasetError
        if it cannot be had.
        """
        if name == digits.NAME:
            return digits.digits()
        started = self._fetch(name)
        if started is not None:
            started.wait()
        record = self._record(name)
        if record is None:
            raise UnknownDataset(name, self.names())
        return self._shared.get(f"{name} {record.sha256}", partial(self._read, record))

    def add(
        self,
        name: str,
        source: Path,
        called: str | None = None,
        size: int | None = None,
        progress: Report = no_progress,
        in_child: bool = False,
        owner: str | None = None,
        room: int | None = None,
    ) -> DatasetInfo:
        """Add an .npz file, or class-named folders of images (or a zip of them), under a name.

        called: what the user calls the source, if not by its file name. size: width and height that
        images are resized to. in_child: check it in a process with limits. owner: who uploads it.
        room: bytes that it may take as it is kept. The same again changes nothing. Raises
        DatasetError, DatasetRefused (all the reasons) or QuotaExceeded; nothing is then stored.
        """
        check_name(name)
        checked = check_in_child if in_child else check
        told = called or source.resolve().name
        with self._store.draft() as folder:
            draft = folder / "checked.npz"
            facts = checked(source, draft, told, size, progress)
            size_kept = draft.stat().st_size
            if room is not None and size_kept > room:
                raise QuotaExceeded(
                    f"{name} would take {size_kept:,} bytes; {room:,} are left to {owner}"
                )
            self._store.keep(draft, name, f"added from {told}", facts, owner)
        return self._info(name)

    def delete(self, name: str) -> None:
        """Remove a data set that was added or downloaded. Raises DatasetError, UnknownDataset.

        Deleting it again raises UnknownDataset, unless it is one that can be downloaded again.
        """
        if name == digits.NAME:
            raise DatasetError(f"{name} is built in and cannot be deleted")
        if not self._store.delete(name) and name not in DOWNLOADS:
            raise UnknownDataset(name, self.names())

    def _record(self, name: str) -> Record | None:
        return self._store.record(name) if NAME.fullmatch(name) else None

    def _read(self, record: Record) -> Dataset:
        return read_stored(record.name, self._store.file(record))

    def _fetch(self, name: str) -> Fetch | None:
        """The download of a data set that is not here: the one under way, or a new one."""
        if name == digits.NAME or self._record(name) is not None:
            return None
        if name not in DOWNLOADS:
            raise UnknownDataset(name, self.names())
        if not self._downloads:
            raise DatasetError(f"{name} is not here, and downloads are off; {how_to_add(name)}")
        with self._lock:
            known = self._fetches.get(name)
            if known is None or known.over:
                known = Fetch(DOWNLOADS[name].size, partial(self._download, name))
                self._fetches[name] = known
            return known

    def _download(self, name: str, task: Fetch) -> None:
        if self._record(name) is not None:
            return  # it came between the look and the beginning
        with self._store.draft() as folder:
            paths = fetch(name, folder, task.received, task.stop)
            task.checking()
            draft = folder / "checked.npz"
            facts = check_published_in_child(name, paths, draft, stop=task.stop)
            self._store.keep(draft, name, DOWNLOADS[name].source, facts)

    def _info(self, name: str) -> DatasetInfo:
        if name == digits.NAME:
            return DatasetInfo(
                name,
                digits.SOURCE,
                available=True,
                facts=digits.facts(),
                sha256=digits.SHA256,
                file_bytes=digits.FILE.stat().st_size,
            )
        try:
            record = self._record(name)
        except DatasetError as error:
            return DatasetInfo(name, "", available=False, how=str(error))
        if record is None:
            return self._info_of_download(name)
        return DatasetInfo(
            name,
            record.source,
            available=True,
            facts=record.facts,
            sha256=record.sha256,
            file_bytes=self._store.size(record),
            owner=record.owner,
        )

    def _info_of_download(self, name: str) -> DatasetInfo:
        if name not in DOWNLOADS:  # it was deleted a moment ago
            raise UnknownDataset(name, self.names())
        known = self._fetches.get(name)
        return DatasetInfo(
            name,
            DOWNLOADS[name].source,
            available=False,
            how=f"it is downloaded when a job first names it; {how_to_add(name)}",
            fetching=known.progress if known else None,
        )


def check_name(name: str) -> None:
    """Raises DatasetError if no data set can be added under this name."""
    if not NAME.fullmatch(name):
        raise DatasetError(
            f"a data set cannot be named {name!r}: names are 1 to 64 of a-z, 0-9, _ and -, "
            "and begin with a letter or a digit"
        )
    if name == digits.NAME:
        raise DatasetError(f"{name} is built in; add the data under another name")
