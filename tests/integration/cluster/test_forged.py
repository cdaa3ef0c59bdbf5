"""A worker elsewhere that lies: what it sends the server runs nothing there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client, get_worker
from distributed.protocol.serialize import to_serialize

from harness.cluster import Cluster
from harness.results import SPEC
from harness.service import MakeService, wait_until
from hpsearch.runner.worker_tasks import REPORTS


def forgery(file: Path) -> Callable[[], None]:
    """What a worker is to run: nothing of it is to be imported there."""
    command = f"echo $PPID >> {file}"

    def forge() -> None:
        class Trap:
            """Notes the process that unpickles it."""

            def __reduce__(self) -> tuple[object, ...]:
                return os.system, (command,)

        get_worker().log_event(REPORTS, {"leg": "any", "report": to_serialize(Trap())})

    return forge


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_a_forged_event_runs_nothing_in_the_server(
    make_service: MakeService, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start(workers=1)
    trap = tmp_path / "trap"
    with make_service(cluster=cluster.address) as service:
        job = service.submit(SPEC)
        service.wait_for_trials(job, 2)
        with Client(cluster.address, set_as_default=False) as liar:
            liar.subscribe_topic(REPORTS, lambda _: None)  # reads it, as the server would
            liar.submit(forgery(trap), pure=False).result(timeout=60)
            wait_until(lambda: trap.exists(), 20, "the liar has read its own event")
        assert service.wait_for_end(job)["state"] == "completed"
        assert str(service.started.pid) not in trap.read_text().split()
