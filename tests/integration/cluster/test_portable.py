"""`--portable`: workers give the bits of every processor, and others are refused, in words."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster import Cluster
from harness.service import MakeService, Started, wait_until
from tests.integration.api.specs import TINY
from tests.needs import x86_64

pytestmark = x86_64
HPSEARCH = str(Path(sys.executable).with_name("hpsearch"))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_local_and_remote_workers_are_pinned_and_give_the_same_bits(
    make_service: MakeService, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start(workers=1)
    portable = {"HPSEARCH_PORTABLE": "1"}
    with make_service("local", workers=1, environment=portable) as service:
        job = service.wait_for_end(service.submit(TINY))
        assert job["environment"]["kernels"] == "portable"
        expected = service.http.get(f"/api/v1/jobs/{job['id']}/digest").json()["digest"]
    with make_service("remote", cluster=cluster.address, environment=portable) as service:
        job_id = service.submit(TINY)
        refused = "is refused: it is not pinned; start workers with `hpsearch worker --portable`"
        wait_until(lambda: refused in service.log.read_text(), 15, "the refusal in the log")
        assert service.job(job_id)["progress"]["epochs"] == 0
        words = (HPSEARCH, "worker", cluster.address, "--portable", "--no-nanny")
        worker = Started((*words, "--local-directory", str(tmp_path)), tmp_path / "worker.log", {})
        cluster.workers.append(worker)
        job = service.wait_for_end(job_id)
        assert job["environment"]["kernels"] == "portable"
        assert service.http.get(f"/api/v1/jobs/{job_id}/digest").json()["digest"] == expected
