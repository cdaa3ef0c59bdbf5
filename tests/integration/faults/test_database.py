"""The database goes away and comes back, or has no room; the service says so and loses nothing."""

import os
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.postgres import PostgresServer
from harness.results import SPEC, Result, result_of
from harness.service import HPSEARCH, OUTAGE, MakeService, Service, wait_until

RETURN_TIMEOUT = 5.0  # seconds after the database's return until the service writes again

# A file system of its own, seen by the server alone and gone with it.
OWN_MOUNTS = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--mount", "-U", "-r")
MOUNT = 'mount -t tmpfs -o size=32m tmpfs "$0" && exec "$@"'


def test_postgresql_restarts_and_is_gone_for_a_while(
    make_service: MakeService, postgres: PostgresServer, undisturbed: Result
) -> None:
    url = postgres.create()
    with make_service(database_url=url) as service:
        job = service.submit(SPEC, "the-job")
        service.wait_for_trials(job, 2)
        postgres.stop()
        postgres.start()
        service.wait_for_trials(job, 9)
        postgres.stop()
        try:
            refused = service.http.post("/api/v1/jobs", json=SPEC)
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert service.http.get("/readyz").status_code == 503
            assert service.http.get("/healthz").status_code == 200
            threading.Event().wait(OUTAGE)
        finally:
            postgres.start()
        wait_until(lambda: accepts(service, "the-job"), RETURN_TIMEOUT, "writing again")
        ended = service.ended_trials(job)
        wait_until(lambda: service.ended_trials(job) > ended, RETURN_TIMEOUT, "going on")
        service.wait_for_end(job)
    assert result_of(url, job) == undisturbed


def test_a_full_disk_is_said_and_survived(
    make_service: MakeService, tmp_path: Path, undisturbed: Result
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (*OWN_MOUNTS, "sh", "-c", MOUNT, str(disk))
    if subprocess.run((*mounted, "true"), capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody but root mount a file system, not even for itself")
    inside = f"sqlite:///{disk / 'hpsearch.db'}"
    with make_service(database_url=inside, command=(*mounted, *HPSEARCH)) as service:
        seen = Path(f"/proc/{service.started.pid}/root{disk}")
        job = service.submit(SPEC, "the-job")
        service.wait_for_trials(job, 3)
        fill(seen / "filler")
        refused = wait_until_refused(service)
        assert refused.status_code == 503
        assert "disk is full" in refused.json()["detail"]
        assert "disk is full" in " ".join(service.readiness()["problems"])
        threading.Event().wait(1)
        (seen / "filler").unlink()
        wait_until(lambda: accepts(service, "the-job"), RETURN_TIMEOUT, "writing again")
        service.wait_for_end(job)
        assert service.readiness()["problems"] == []
        copy = copied(seen, tmp_path)
    assert result_of(f"sqlite:///{copy}", job) == undisturbed
    database = sqlite3.connect(copy)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def copied(disk: Path, folder: Path) -> Path:
    """A copy of the database; SQLite itself finds no way into another's file systems."""
    for name in ("hpsearch.db", "hpsearch.db-wal"):
        shutil.copy(disk / name, folder / name)
    return folder / "hpsearch.db"


def fill(file: Path) -> None:
    """Take all the room that is left on the file's disk."""
    with file.open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass


def wait_until_refused(service: Service) -> httpx.Response:
    """Submit until there is no room; what the log has room for is written all the same."""
    for _ in range(200):
        answer = service.http.post("/api/v1/jobs", json={**SPEC, "budget": {"trials": 1}})
        if answer.status_code != 201:
            return answer
    raise AssertionError("200 jobs were taken on a full disk")


def accepts(service: Service, key: str) -> bool:
    """Whether the service takes a write: the same submission again."""
    try:
        return service.submit(SPEC, key) != ""
    except (httpx.HTTPError, AssertionError):
        return False
