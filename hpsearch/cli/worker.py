"""`hpsearch worker`: a Dask worker as the service wants it, in this process's place."""

import os
import sys
from collections.abc import Sequence

from hpsearch.portable import variables

DEFAULTS = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",  # it takes a tenth of a leg's time
    "OPENBLAS_NUM_THREADS": "1",
}
ALWAYS = ("--nthreads", "1", "--no-dashboard")


def become_worker(scheduler: str, portable: bool, more: Sequence[str]) -> None:
    """Become a worker of the Dask scheduler at this address; `more` are `dask worker`'s options."""
    pinned = ("--resources", "portable=1") if portable else ()
    words = (scheduler, *ALWAYS, *pinned, *more)
    environment = {**DEFAULTS, **os.environ, **(variables() if portable else {})}
    command = [sys.executable, "-m", "distributed.cli.dask_worker", *words]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter
