"""The service as people run it: its own process, real HTTP, real workers."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

COMMAND = Path(sys.executable).with_name("hpsearch")
TINY = {
    "name": "tiny",
    "dataset": "digits",
    "network": "mlp",
    "epochs": 0.5,
    "cohort": 4,
    "budget": {"trials": 8},
}
ENDLESS = {**TINY, "name": "endless", "network": "lenet5", "epochs": 50, "budget": {"trials": 5000}}


class Service:
    """A running server. `http` talks to it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        words = [
            str(COMMAND),
            "serve",
            "--port",
            "0",
            "--workers",
            "1",
            "--data-dir",
            str(data_dir),
        ]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        if found is None:
            self.process.stdout.close()
            raise AssertionError(f"the server ended: exit code {self.process.wait(10)}")
        self.url = found.group()
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def submit(self, spec: object) -> str:
        answer = self.http.post("/api/v1/jobs", json=spec)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["links"]["self"])

    def wait_for(self, job: str, *states: str, timeout: float = 60) -> Any:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = self.http.get(job).json()
            if found["state"] in states:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{job} is not {states} after {timeout} s: {found}")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask it to end; returns the seconds that it took. All its processes must be gone."""
        own = psutil.Process(self.process.pid)
        family = [own, *own.children(recursive=True)]
        start = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        seconds = time.monotonic() - start
        _, left = psutil.wait_procs(family, timeout=2)
        # Whoever adopts orphans may take a while to bury them.
        assert [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
        return seconds

    def close(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.stop()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def running(data_dir: Path) -> Iterator[Service]:
    service = Service(data_dir)
    try:
        deadline = time.monotonic() + 30
        while service.http.get("/readyz").json()["workers"] < 1:
            assert time.monotonic() < deadline, "no workers after 30 s"
            time.sleep(0.1)
        yield service
    finally:
        service.close()
