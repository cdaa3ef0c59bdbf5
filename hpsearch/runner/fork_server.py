"""The process that all local workers are forked from, with everything imported that they need."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver

from hpsearch.errors import InvalidSettings

PRELOADED = ("__main__", "hpsearch.runner.dask_engine", "hpsearch.runner.local_worker")
LONGEST = 75  # bytes of a folder's name: a socket's path has 107, of which its own name takes 32
SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - multiprocessing makes a folder of its own


def start_fork_server() -> None:
    """Start it, unless it runs already.

    A server that does so first of all has its workers sooner, because the two import side by side.
    Raises InvalidSettings if there is no folder for its socket.
    """
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    with _short_temporary_folder():
        forkserver.ensure_running()


@contextmanager
def _short_temporary_folder() -> Iterator[None]:
    """multiprocessing's folder for sockets, which it keeps, is short enough; TMPDIR may not be."""
    given = tempfile.gettempdir()
    tempfile.tempdir = short_folder(given)
    try:
        yield
    finally:
        tempfile.tempdir = given


def short_folder(given: str) -> str:
    """The folder itself, or one in which the path of a socket has room."""
    for folder in (given, *SHORT):
        if len(os.fsencode(folder)) <= LONGEST and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise InvalidSettings(
        f"the folder for temporary files, {given}, is too long for the path of a socket: set "
        f"TMPDIR to one of at most {LONGEST} bytes"
    )
