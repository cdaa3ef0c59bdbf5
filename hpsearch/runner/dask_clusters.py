"""Clusters of Dask: one of this machine's own, or one elsewhere; connecting and closing."""

import contextlib
import logging
from asyncio import CancelledError
from collections.abc import Callable
from pathlib import Path

import dask
import psutil
from distributed import Client, LocalCluster, Security
from distributed.comm.core import CommClosedError

from hpsearch.errors import EngineUnavailable
from hpsearch.portable import pin
from hpsearch.runner.dask_leg import OUTAGES, PINNED, TRIES
from hpsearch.runner.fork_server import start_fork_server
from hpsearch.runner.worker_tasks import Conditions

CONNECT_TIMEOUT = 10  # seconds
CLOSE_TIMEOUT = 1.5  # seconds that the connection, and the workers, get to close by themselves
SILENCE_LIMIT = "20s"  # a worker that is silent for this long is given up, its legs go elsewhere

# Dask's pages tell anybody who asks about paths and tasks, under any host name, without TLS.
PAGES = {"routes": ["distributed.http.health"]}
# Defaults only: Dask's own configuration (DASK_… variables, its YAML files) takes precedence.
DEFAULTS = {
    "distributed": {
        "scheduler": {
            "allowed-failures": TRIES - 1,
            "worker-ttl": SILENCE_LIMIT,
            "http": PAGES,
        },
        "admin": {"large-graph-warning-threshold": "10GB"},
        "comm": {"timeouts": {"connect": f"{CONNECT_TIMEOUT}s"}},
        # Dask's own profiler takes a tenth of the time of a leg.
        "worker": {
            "multiprocessing-method": "forkserver",
            "profile": {"enabled": False},
            "http": PAGES,
        },
        # Dask looks once, this long after a local worker died. If it is away at that moment,
        # because it died again or starts slowly, Dask would give it up for good.
        "deploy": {"lost-worker-timeout": "1000 days"},
    }
}
PLAIN = ["msgpack"]  # how results come; Dask refuses those that it would have to unpickle

log = logging.getLogger(__name__)


def _is_news(record: logging.LogRecord) -> bool:
    """Not that a local scheduler cannot tell its client something any more.

    While the client closes, workers go on for a moment; that it is lost, its engine sees.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], CommClosedError))


logging.getLogger("distributed.scheduler").addFilter(_is_news)


def connect_local(
    workers: int, folder: Path, conditions: Conditions
) -> tuple[Client, LocalCluster]:
    """Start workers on this machine, and connect; see `DaskEngine.local`."""
    dask.config.update_defaults(DEFAULTS)
    if conditions.portable:
        pin()
    start_fork_server()
    security = Security.temporary()
    cluster = None
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,  # what matters of them comes back as results
            local_directory=str(folder),
            memory_limit=conditions.memory,
            resources=PINNED if conditions.portable else None,
        )
        client = Client(cluster, security=security, set_as_default=False, deserializers=PLAIN)
    except OUTAGES as error:
        if cluster is not None:
            close_cluster(cluster)
        raise EngineUnavailable(f"the local workers cannot be started: {error}") from error
    return client, cluster


def connect(address: str, security: Security | None) -> Client:
    """To the cluster whose scheduler listens at `address`; raises EngineUnavailable."""
    dask.config.update_defaults(DEFAULTS)
    try:
        return Client(
            address,
            security=security,
            set_as_default=False,
            timeout=CONNECT_TIMEOUT,
            deserializers=PLAIN,
        )
    except OUTAGES as error:
        raise EngineUnavailable(
            f"no Dask scheduler answers at {address}: {error}; is it running?"
        ) from error


def close_client(client: Client) -> None:
    _patiently(lambda: client.close(timeout=CLOSE_TIMEOUT))


def close_cluster(cluster: LocalCluster) -> None:
    """Stop a local cluster; what does not stop in time is killed."""
    processes: list[psutil.Process] = []
    _patiently(lambda: processes.extend(_processes(cluster)))
    _patiently(lambda: cluster.close(timeout=CLOSE_TIMEOUT))
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()  # psutil sees to it that this is the same process still


def _patiently(close: Callable[[], object]) -> None:
    """Close as far as it goes: what Dask raises in the middle of a start cannot be helped."""
    try:
        close()
    except (Exception, CancelledError) as error:
        log.debug("closing did not go to its end: %r", error)


def _processes(cluster: LocalCluster) -> list[psutil.Process]:
    found = []
    for nanny in list(cluster.workers.values()):
        with contextlib.suppress(psutil.NoSuchProcess):
            if nanny.pid is not None:
                found.append(psutil.Process(nanny.pid))
    return found
