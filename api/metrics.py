"""/metrics: what Prometheus reads. States are looked up when it asks, the rest is counted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.meters import Meters
from api.services import Runner
from hpsearch.errors import DatabaseUnavailable
from storage.overview import JobCounts, Overview


class WorkerCounts(Protocol):
    """What can be seen of the workers and their legs."""

    def legs_in_flight(self) -> int: ...

    def legs_waiting(self) -> int: ...

    def worker_losses(self) -> int: ...


class Metrics:
    """All series of this server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.meters = Meters(self.registry)

    def watch(self, overview: Overview, runner: Runner, crew: WorkerCounts) -> None:
        """Look at these whenever Prometheus asks."""
        self.registry.register(_State(overview, runner, crew))


class _State(Collector):
    def __init__(self, overview: Overview, runner: Runner, crew: WorkerCounts) -> None:
        self._overview = overview
        self._runner = runner
        self._crew = crew

    def describe(self) -> list[Metric]:
        """Nothing: so that registering does not look at the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        status, crew = self._runner.status(), self._crew
        yield _gauge("leader", "Whether this server runs the jobs.", status.leader)
        yield _gauge("workers", "Legs that can train at the same time.", status.workers)
        yield _gauge("legs_in_flight", "Legs that workers train.", crew.legs_in_flight())
        yield _gauge("legs_waiting", "Legs that wait for a worker.", crew.legs_waiting())
        yield CounterMetricFamily(
            "hpsearch_worker_losses", "Workers that went away.", value=crew.worker_losses()
        )
        try:
            counts = self._overview.counts()
        except DatabaseUnavailable:
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        yield from _of_jobs(counts)


def _of_jobs(counts: JobCounts) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("hpsearch_jobs", "Jobs by state.", labels=["state"])
    for state, count in counts.jobs.items():
        jobs.add_metric([state.value], count)
    yield jobs
    since = counts.queued_since
    age = (datetime.now(UTC) - since).total_seconds() if since else 0.0
    yield _gauge("queue_age_seconds", "Of the job that waits longest.", age)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hpsearch_{name}", text, value=float(value))
