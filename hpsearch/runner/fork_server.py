"""The process that all local workers are forked from, with everything imported that they need."""

import multiprocessing
from multiprocessing import forkserver

PRELOADED = ("__main__", "hpsearch.runner.dask_engine", "hpsearch.runner.local_worker")


def start_fork_server() -> None:
    """Start it, unless it runs already.

    A server that does so first of all has its workers sooner, because the two import side by side.
    """
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    forkserver.ensure_running()
