"""Uploads that are under way: how many there may be, and how far each is."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from errno import ENOSPC

from starlette.exceptions import HTTPException

from hpsearch.access import Identity, Scope
from hpsearch.datasets.catalogue import Catalogue, DatasetInfo
from hpsearch.datasets.downloads import DOWNLOADS
from hpsearch.datasets.fetching import Progress
from hpsearch.errors import DatasetError, NotAllowed, QuotaExceeded

AT_ONCE = 2  # on this server; a check can take a processor and much memory
SPARE = 100 * 2**20  # bytes that stay free on the disk


@dataclass
class Upload:
    """One that is under way. name: none until it has come."""

    owner: str
    name: str = ""
    progress: Progress = field(default_factory=lambda: Progress("receiving", 0, 0))

    def checking(self, _what: str, done: int, total: int) -> None:
        self.progress = Progress("checking", done, total)


class Uploads:
    """Belongs to one event loop; progress may be told from other threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._running: list[Upload] = []

    @asynccontextmanager
    async def slot(self, owner: Identity) -> AsyncIterator[Upload]:
        """Answers 429 where the owner, or the server, has as many uploads as may be."""
        if any(each.owner == owner.name for each in self._running):
            raise _busy(f"{owner.name} uploads already: one at a time")
        if len(self._running) >= AT_ONCE:
            raise _busy("others upload just now")
        upload = Upload(owner.name)
        self._running.append(upload)
        try:
            yield upload
        finally:
            self._running.remove(upload)

    def find(self, name: str) -> DatasetInfo | None:
        """What is known of a data set of this name that is being uploaded."""
        for each in self._running:
            if each.name == name:
                return DatasetInfo(
                    name,
                    f"uploaded by {each.owner}",
                    available=False,
                    how="it is being uploaded",
                    fetching=each.progress,
                )
        return None

    def room(self, owner: Identity, datasets: int, size: int) -> int:
        """Bytes that the owner may still have; raises QuotaExceeded if that is nothing."""
        count, used = self._catalogue.owned(owner.name)
        if count >= datasets or used >= size:
            raise QuotaExceeded(
                f"{owner.name} has {count} data sets of {used:,} bytes; an owner may have "
                f"{datasets} of {size:,} bytes: delete one"
            )
        return size - used


def check_well_known(owner: Identity, name: str) -> None:
    """Raises NotAllowed: what others expect to be MNIST is not for everybody to say."""
    if name in DOWNLOADS and owner.scope is not Scope.ADMIN:
        raise NotAllowed(f"{name} is a well-known data set: only an admin may upload it")


def check_disk(folder: str | os.PathLike[str], wanted: int) -> None:
    """Answers 507 where the disk has no room for a file of this size and its copy."""
    free = shutil.disk_usage(folder).free
    if free < 2 * wanted + SPARE:
        raise HTTPException(507, f"the server's disk has {free:,} bytes free; that is not enough")


@contextmanager
def full_disk() -> Iterator[None]:
    """Answers 507 to what fails because the disk is full, though the file may be good."""
    try:
        yield
    except DatasetError as error:
        if os.strerror(ENOSPC) in str(error):
            raise HTTPException(507, "the server's disk is full") from None
        raise


def _busy(detail: str) -> HTTPException:
    return HTTPException(429, detail, headers={"Retry-After": "5"})
