"""Engines as the settings want them, and what can be seen of the one in use."""

from collections.abc import Callable

from distributed import Security

from api.settings import Settings
from hpsearch.environment import not_portable
from hpsearch.errors import InvalidSettings
from hpsearch.portable import PROCESSORS
from hpsearch.processors import usable_processors
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.dispatcher import RUNNING_JOBS
from hpsearch.runner.guarded_pickles import guard
from hpsearch.runner.worker_memory import fair_share
from hpsearch.training.footprint import available

WORKERS_PER_JOB = 4  # one job trains two cohorts at a time, 16 trials by default


class Engines:
    """Makes engines, one after the other where one is lost. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._make = _maker(settings)
        self._current: DaskEngine | None = None
        self._losses = 0

    def make(self) -> DaskEngine:
        """A new engine; raises EngineUnavailable."""
        engine = self._make()
        self._losses = self.worker_losses()
        self._current = engine
        return engine

    def legs_in_flight(self) -> int:
        """Legs that workers train right now."""
        return self._current.flying() if self._current else 0

    def legs_waiting(self) -> int:
        """Legs that wait for a worker."""
        return self._current.waiting() if self._current else 0

    def worker_losses(self) -> int:
        """Workers that went away, since the server started."""
        return self._losses + (self._current.losses() if self._current else 0)


def leg_memory(settings: Settings) -> int | None:
    """Bytes that a leg may take on a worker; None if only the workers of a cluster know."""
    memory: int | None = settings.worker_memory
    if memory is None and settings.cluster is None:
        memory = fair_share(_local_workers(settings))
    return None if memory is None else available(memory)


def places(settings: Settings) -> int:
    """Jobs that are started at the same time."""
    workers = _local_workers(settings) if settings.cluster is None else 0
    return settings.running_jobs or max(RUNNING_JOBS, -(-workers // WORKERS_PER_JOB))


def _local_workers(settings: Settings) -> int:
    return settings.workers or usable_processors()


def _maker(settings: Settings) -> Callable[[], DaskEngine]:
    reason = not_portable() if settings.portable else None
    if reason is not None:
        raise InvalidSettings(
            f"HPSEARCH_PORTABLE: {reason}; it needs {PROCESSORS}, and a server that was started by "
            "`hpsearch serve --portable`"
        )
    if settings.cluster is None:
        workers, folder = _local_workers(settings), settings.data_dir / "workers"
        return lambda: DaskEngine.local(workers, folder, settings.portable, settings.worker_memory)
    address, security = settings.cluster, _security(settings)

    def remote() -> DaskEngine:
        guard()  # what comes from there is not ours
        return DaskEngine.remote(address, security, settings.portable, settings.worker_memory)

    return remote


def _security(settings: Settings) -> Security | None:
    files = {
        "tls_ca_file": settings.cluster_tls_ca_file,
        "tls_client_cert": settings.cluster_tls_cert_file,
        "tls_client_key": settings.cluster_tls_key_file,
    }
    given = {name: str(file) for name, file in files.items() if file is not None}
    if settings.cluster is not None and settings.cluster.startswith("tls://"):
        if len(given) < len(files):
            raise InvalidSettings("a tls:// cluster needs all three cluster_tls_… files")
        return Security(require_encryption=True, **given)
    return None
