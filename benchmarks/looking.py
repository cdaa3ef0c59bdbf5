"""What a look at a job costs the server: `make bench-looking`, in processor time, not in waiting.

A search runs to its end; then its server, which has nothing else to do, answers the same look again
and again on one connection. Its processor time is that of the server's process alone.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from harness.results import SPEC
from harness.service import Service

TARGET = 1.5  # milliseconds of GET /jobs/{id}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if a look costs no more than the target."""
    parser = argparse.ArgumentParser(description="What a look at a job costs the server.")
    parser.add_argument("--looks", type=int, default=2000)
    looks = parser.parse_args(arguments).looks
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        path = f"/api/v1/jobs/{job}"
        known = {"If-None-Match": service.http.get(path).headers["etag"]}
        server = psutil.Process(service.started.pid)
        idle = _milliseconds(server, lambda: service.http.get("/healthz"), looks)
        look = _milliseconds(server, lambda: service.http.get(path), looks)
        not_changed = _milliseconds(server, lambda: service.http.get(path, headers=known), looks)
    print(f"GET /healthz            {idle:.2f} ms, what any request costs")
    print(f"GET /api/v1/jobs/ID     {look:.2f} ms (target: {TARGET} ms)")
    print(f"the same, 304           {not_changed:.2f} ms")
    return int(look > TARGET)


def _milliseconds(server: psutil.Process, call: Callable[[], object], times: int) -> float:
    """Processor time of a call, user and system, what the server does besides included."""
    call()
    before = server.cpu_times()
    for _ in range(times):
        call()
    after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return float(1000 * spent / times)


if __name__ == "__main__":
    sys.exit(main())
