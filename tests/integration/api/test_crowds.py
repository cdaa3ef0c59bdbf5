"""More clients than the process has descriptors for, and more jobs than may be started."""

import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx
import psutil

from harness.results import SPEC
from harness.service import HPSEARCH, MakeService, Service, wait_until
from hpsearch.spec.search import parse_spec
from storage.database import Database
from storage.user_jobs import Jobs

LIMITED = (
    sys.executable,
    "-c",
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
    "os.execv(sys.argv[1], sys.argv[1:])",
    *HPSEARCH,
)


def _lines(service: Service) -> int:
    return len(service.log.read_text().splitlines())


def test_half_open_connections_keep_nobody_out(make_service: MakeService, tmp_path: Path) -> None:
    service = make_service(command=LIMITED, workers=1)
    service.start()
    service.wait_until_leading()
    before = _lines(service)
    with ExitStack() as crowd:
        for _ in range(300):
            half = crowd.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        for _ in range(20):
            assert httpx.get(f"{service.url}/healthz", timeout=5, trust_env=False).is_success
            assert httpx.get(f"{service.url}/readyz", timeout=5, trust_env=False).is_success
    assert _lines(service) - before < 10
    assert service.started.terminate(timeout=5) == 0


def test_no_more_jobs_are_started_than_the_setting_allows(make_service: MakeService) -> None:
    service = make_service(workers=1, environment={"HPSEARCH_RUNNING_JOBS": "2"})
    service.start()
    service.wait_until_leading()
    endless = {**SPEC, "budget": {"trials": 5000}}
    first = [service.submit({**endless, "seed": seed}) for seed in range(5)]
    urgent = service.submit({**endless, "priority": 1000.0})

    def running() -> set[str]:
        found = service.http.get("/api/v1/jobs", params={"limit": 10}).json()["items"]
        return {each["id"] for each in found if each["state"] == "running"}

    wait_until(lambda: len(running()) == 2, 60, "two jobs to run")
    began = time.monotonic()
    while time.monotonic() - began < 3:
        assert len(running()) <= 2
    service.http.post(f"/api/v1/jobs/{running().pop()}/cancel")
    wait_until(lambda: urgent in running(), 60, "the job of the highest priority to run next")
    assert len(running()) <= 2
    for job in (*first, urgent):
        service.http.post(f"/api/v1/jobs/{job}/cancel")
    wait_until(lambda: not running(), 60, "all jobs cancelled")


def test_two_thousand_queued_jobs_cost_no_thread_and_little_memory(
    make_service: MakeService,
) -> None:
    service = make_service(workers=1, environment={"HPSEARCH_RUNNING_JOBS": "1"})
    service.start()
    service.wait_until_leading()
    endless = {**SPEC, "budget": {"trials": 5000}}
    first = service.submit({**endless, "priority": 1000.0})
    service.wait_for_trials(first, 1)
    service.http.get("/dashboard", timeout=60)  # it would be imported meanwhile otherwise
    process = psutil.Process(service.started.pid)
    threads, memory = process.num_threads(), process.memory_info().rss

    database = Database(service.database_url)
    jobs = Jobs(database)
    for seed in range(2000):
        jobs.create(parse_spec({**endless, "seed": seed}))
    database.close()
    service.wait_for_trials(first, service.ended_trials(first) + 10)
    page = service.http.get("/api/v1/jobs", params={"limit": 500}).json()

    assert [each["state"] for each in page["items"]].count("queued") == 500
    assert process.num_threads() <= threads + 1  # of the pool that answers requests
    assert process.memory_info().rss - memory < 50 * 2**20
    assert service.started.terminate(timeout=5) == 0
