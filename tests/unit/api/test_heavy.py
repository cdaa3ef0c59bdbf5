"""Requests that compute wait for each other, and for nobody else."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from api import database_look, heavy
from api.heavy import MAX_CLIENTS, HeavyRequests, RateLimit
from hpsearch.admission import admit
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

JOBS = "/api/v1/jobs"


def test_a_client_may_send_a_burst_and_then_its_rate() -> None:
    limit = RateLimit(per_second=10)
    assert [limit.wait("a", 0.0) for _ in range(20)] == [0.0] * 20
    assert limit.wait("a", 0.0) == pytest.approx(0.1)
    assert limit.wait("b", 0.0) == 0.0
    assert limit.wait("a", 0.05) > 0
    assert limit.wait("a", 0.11) == 0.0
    assert limit.wait("a", 0.12) > 0
    assert [limit.wait("a", 1000.0) for _ in range(20)] == [0.0] * 20
    assert limit.wait("a", 1000.0) > 0


def test_it_remembers_a_bounded_number_of_clients() -> None:
    limit = RateLimit(per_second=1)
    for number in range(MAX_CLIENTS + 50):
        limit.wait(f"10.0.0.{number}", 0.0)
    assert len(limit) == MAX_CLIENTS


@pytest.fixture
def busy(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[threading.Event]]:
    """Submissions hang until the event is set; the second event tells that all slots are taken."""
    let_go, taken = threading.Event(), threading.Semaphore(0)

    def hanging(*args: Any) -> Any:
        taken.release()
        assert let_go.wait(20)
        return admit(*args)

    monkeypatch.setattr("api.routes.jobs.admit", hanging)
    monkeypatch.setattr(heavy, "PATIENCE", 0.05)
    at_once = 4
    with ThreadPoolExecutor(at_once) as threads:
        sent = [threads.submit(server.client.post, JOBS, json=SMALLEST) for _ in range(at_once)]
        for _ in range(at_once):
            assert taken.acquire(timeout=20)
        yield [let_go]
        let_go.set()
        assert [each.result().status_code for each in sent] == [201] * at_once


@pytest.mark.usefixtures("busy")
def test_more_than_a_few_at_once_are_told_to_come_again(server: ServerInProcess) -> None:
    for path in (JOBS, "/api/v1/estimates"):
        answer = server.client.post(path, json=SMALLEST)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/healthz", "/readyz", "/metrics", JOBS, "/api/v1"):
        assert server.client.get(path).status_code == 200, path


def test_one_client_that_sends_too_many_is_told_when_to_come_again(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = HeavyRequests(at_once=4, per_second=0.5)
    app = cast(FastAPI, server.client.app)
    app.state.services = replace(app.state.services, heavy=slow)
    assert server.client.post(JOBS, json=SMALLEST).status_code == 201
    answer = server.client.post(JOBS, json=SMALLEST)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert server.client.get(JOBS).status_code == 200


def test_readyz_does_not_wait_for_a_database_that_hangs(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(database_look, "PATIENCE", 0.05)
    monkeypatch.setattr(type(server.database), "check", lambda _: let_go.wait(20))
    try:
        answer = server.client.get("/readyz")
        assert answer.status_code == 503
        assert "has not answered" in answer.json()["problems"][0]
        assert server.client.get("/healthz").status_code == 200
    finally:
        let_go.set()
