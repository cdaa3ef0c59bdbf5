"""Keeps a database's password out of what others see: the list of processes, worker processes."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from hpsearch.settings import DATABASE_URL

log = logging.getLogger(__name__)

HINT = "give the password in a file: HPSEARCH_DATABASE_PASSWORD_FILE"
SELF = Path("/proc/self")
ARGUMENTS, ENVIRONMENT = (48, 49), (50, 51)  # fields of /proc/self/stat: start and end, from 1


def has_password(url: str) -> bool:
    """Whether a database URL carries a password, before its host or among its options."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # no URL: nobody can say what is in it
    return parts.password is not None or re.search(r"(^|&)password=", parts.query) is not None


def hide_password() -> None:
    """Overwrite a database URL with a password where the system shows it, and say so.

    That is the command line, which every user of the machine can read, and the environment that
    the process began with. Only Linux can do that; elsewhere there is the warning alone.
    """
    url = os.environ.get(DATABASE_URL.variable, "")
    if not has_password(url):
        return
    if any(url in argument for argument in sys.argv):
        log.warning(
            "others on this machine can see the password in --database-url when the server "
            "starts; %s",
            HINT,
        )
    try:
        _overwrite(url.encode())
    except (OSError, ValueError) as error:
        log.warning("the password cannot be hidden from the list of processes: %s", error)


@contextmanager
def out_of_environment() -> Iterator[None]:
    """What starts processes in here does not hand the database's URL on to them."""
    url = os.environ.pop(DATABASE_URL.variable, None)
    try:
        yield
    finally:
        if url is not None:
            os.environ[DATABASE_URL.variable] = url


def forget() -> None:
    """Take the database's URL out of the environment for good, once it has been read."""
    os.environ.pop(DATABASE_URL.variable, None)


def _overwrite(secret: bytes) -> None:
    # The name of the program, in brackets, is the second field and may hold spaces.
    fields = (SELF / "stat").read_text().rpartition(")")[2].split()
    with (SELF / "mem").open("r+b", buffering=0) as memory:
        for begin, end in (ARGUMENTS, ENVIRONMENT):
            start, stop = int(fields[begin - 3]), int(fields[end - 3])
            memory.seek(start)
            shown = memory.read(stop - start)
            hidden = shown.replace(secret, b"*" * len(secret))
            if hidden != shown:
                memory.seek(start)
                memory.write(hidden)
