"""A cluster elsewhere: workers come and go, the scheduler dies, the network to it fails."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster import Cluster, Wire
from harness.results import SPEC, Result, result_of
from harness.service import OUTAGE, MakeService, wait_until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_workers_come_and_go_and_the_scheduler_is_killed(
    make_service: MakeService, cluster: Cluster, undisturbed: Result
) -> None:
    cluster.start(workers=1)
    with make_service(cluster=cluster.address) as service:
        job = service.submit(SPEC)
        service.wait_for_trials(job, 2)
        cluster.add_worker()
        service.wait_for_trials(job, 5)
        cluster.workers[0].kill()
        service.wait_for_trials(job, 9)
        cluster.scheduler.kill()
        wait_until(lambda: "workers were lost" in str(service.readiness()), 15, "noticed")
        cluster.start(workers=2)
        service.wait_for_end(job)
        assert result_of(service.database_url, job) == undisturbed


def test_the_network_to_the_scheduler_is_cut(
    make_service: MakeService, cluster: Cluster, undisturbed: Result
) -> None:
    cluster.start(workers=2)
    wire = Wire(cluster.port)
    try:
        with make_service(cluster=f"tcp://127.0.0.1:{wire.port}") as service:
            job = service.submit(SPEC)
            service.wait_for_trials(job, 3)
            wire.hang()
            pause(OUTAGE)
            wire.mend()
            service.wait_for_trials(job, 9)
            wire.cut()
            pause(OUTAGE)
            wire.mend()
            service.wait_for_end(job)
            assert result_of(service.database_url, job) == undisturbed
    finally:
        wire.close()


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)
