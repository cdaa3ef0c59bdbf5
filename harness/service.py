"""The service as real processes: started, waited for, killed and started again by tests."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2 as httpx
import psutil

from storage.backends.address import file_url

ROOT = Path(__file__).parents[1]
HPSEARCH = (str(Path(sys.executable).with_name("hpsearch")),)
START_TIMEOUT = 60.0  # seconds
JOB_TIMEOUT = 150.0  # seconds
OUTAGE = float(os.environ.get("HPSEARCH_TEST_OUTAGE", "4"))  # seconds that things are gone
POLL_INTERVAL = 0.1  # seconds

ENDED = ("completed", "cancelled", "failed")

Answer = dict[str, Any]


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], timeout: float, what: str | Callable[[], str]) -> float:
    """Wait for something; returns the seconds that it took.

    `what` names it if it fails; as a function it is asked then, for the state at that moment.
    """
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > timeout:
            raise AssertionError(
                f"after {timeout:g} s still not: {what() if callable(what) else what}"
            )
        time.sleep(POLL_INTERVAL)
    return time.monotonic() - began


class Started:
    """A command in a process group of its own; what it says goes to a file."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory(self) -> int:
        """Bytes that the process itself holds, without what it started."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def group(self) -> list[psutil.Process]:
        """All processes that it started and that live, itself included."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                zombie = process.status() == psutil.STATUS_ZOMBIE
                if os.getpgid(process.pid) == self.pid and not zombie:
                    found.append(process)
        return found

    def kill(self) -> None:
        """kill -9 of the command alone; what it started is left to notice."""
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout: float) -> int:
        """SIGTERM; returns the exit code, or raises TimeoutExpired."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self) -> None:
        """End everything that it started."""
        for process in self.group():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()


class Service:
    """`hpsearch serve` on a port of its own, which it keeps when it is started again."""

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        workers: int = 2,
        cluster: str | None = None,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = HPSEARCH,
        token: str | None = None,
    ) -> None:
        """token: what its client shows, if it is not the user who runs the server."""
        folder.mkdir(parents=True, exist_ok=True)
        self.database_url = database_url or file_url(folder / "hpsearch.db")
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=self.url, timeout=20.0, trust_env=False, headers=headers)
        self._environment = dict(environment or {})
        self._command = [
            *(*command, "serve", "--port", str(self.port), "--data-dir", str(folder)),
            *("--workers", str(workers)),
            *(("--database-url", database_url) if database_url else ()),
            *(("--cluster", cluster) if cluster else ()),
        ]
        self._started: Started | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()  # nobody else will
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def started(self) -> Started:
        assert self._started is not None, "the service was never started"
        return self._started

    def launch(self) -> None:
        """Start the process without waiting for it."""
        if self._started is not None:
            self._started.close()  # workers of the last one may still be leaving
        self._started = Started(self._command, self.log, self._environment)

    def start(self) -> float:
        """Start and wait until requests are served; returns the seconds that it took."""
        self.launch()
        return self.wait_until_ready()

    def wait_until_ready(self, timeout: float = START_TIMEOUT) -> float:
        return wait_until(self._ready, timeout, lambda: f"ready; its log:\n{self._tail()}")

    def wait_until_leading(self, timeout: float = START_TIMEOUT) -> float:
        """Wait until this server runs the jobs and has workers."""

        def leading() -> bool:
            answer = self.readiness()
            return bool(answer.get("leader")) and int(answer.get("workers", 0)) > 0

        return wait_until(leading, timeout, lambda: f"the leader: {self.readiness()}")

    def readiness(self) -> Answer:
        """What /readyz says; empty where nobody answers."""
        try:
            answer: Answer = self.http.get("/readyz").json()
        except (httpx.HTTPError, ValueError):
            return {}
        return answer

    def workers(self) -> list[psutil.Process]:
        """The local worker processes: what the fork server forked."""
        forks = {}
        for process in self.started.group():
            with contextlib.suppress(psutil.Error):
                if "multiprocessing.forkserver" in " ".join(process.cmdline()):
                    forks[process.pid] = process
        return [process for process in forks.values() if process.ppid() in forks]

    def kill(self) -> None:
        """kill -9 of the server."""
        self.started.kill()

    def close(self) -> None:
        self.http.close()
        if self._started is not None:
            self._started.close()

    def submit(self, spec: Mapping[str, Any], key: str | None = None) -> str:
        """Submit a search spec; returns the job's id."""
        headers = {} if key is None else {"Idempotency-Key": key}
        response = self.http.post("/api/v1/jobs", json=spec, headers=headers)
        assert response.status_code in (200, 201), response.text
        return str(response.json()["id"])

    def job(self, job_id: str) -> Answer:
        response = self.http.get(f"/api/v1/jobs/{job_id}")
        assert response.status_code == 200, response.text
        answer: Answer = response.json()
        return answer

    def ended_trials(self, job_id: str) -> int:
        """How many trials have ended; 0 where nobody answers."""
        try:
            trials = self.job(job_id)["progress"]["trials"]
        except (httpx.HTTPError, AssertionError):
            return 0
        return int(trials["complete"] + trials["pruned"] + trials["failed"])

    def wait_for_trials(self, job_id: str, count: int, timeout: float = JOB_TIMEOUT) -> None:
        """Wait until this many trials have ended."""
        wait_until(lambda: self.ended_trials(job_id) >= count, timeout, f"{count} ended trials")

    def wait_for_end(self, job_id: str, timeout: float = JOB_TIMEOUT) -> Answer:
        """Wait until the job has ended, through any outage; returns it."""
        seen: list[Answer] = []

        def ended() -> bool:
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                seen[:] = [self.job(job_id)]
            return bool(seen) and seen[0]["state"] in ENDED

        wait_until(ended, timeout, lambda: f"the job's end; it is {seen}; the log:\n{self._tail()}")
        return seen[0]

    def _ready(self) -> bool:
        assert self.started.process.poll() is None, f"the server ended:\n{self._tail()}"
        return bool(self.readiness().get("ready"))

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


MakeService = Callable[..., Service]
"""What the fixture `make_service` gives."""
