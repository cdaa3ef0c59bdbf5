"""The server is killed, told to leave, and stood in for; what it acknowledged is done once."""

import random
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2 as httpx

from harness.results import SPEC, Result, job_ids, result_of
from harness.service import MakeService, Service, wait_until

KILLS = 2
LEAVE_TIMEOUT = 5.0  # seconds that the server may take to leave
TAKEOVER_TIMEOUT = 10.0  # seconds until the second server leads
SMALL: Mapping[str, Any] = {
    "dataset": "digits",
    "network": "mlp",
    "epochs": 0.1,
    "budget": {"trials": 1},
}


class Submitter:
    """Submits small jobs in a thread, each until it is acknowledged, through any outage."""

    def __init__(self, service: Service) -> None:
        self.acknowledged: dict[str, str] = {}
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def finish(self) -> None:
        """Submit nothing new; returns once everything is acknowledged."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        for key in self._keys():
            while key not in self.acknowledged:
                try:
                    self.acknowledged[key] = self._service.submit({**SMALL, "name": key}, key)
                except (httpx.HTTPError, AssertionError):
                    self._stop.wait(0.05)

    def _keys(self) -> Iterator[str]:
        number = 0
        while not self._stop.wait(0.3):
            number += 1
            yield f"key-{number}"


def test_kills_at_random_moments_lose_and_double_nothing(
    make_service: MakeService, database_url: str, undisturbed: Result
) -> None:
    moments = random.Random(1)  # noqa: S311  # times kills, guards nothing
    with make_service(database_url=database_url) as service:
        job = service.submit(SPEC, "the-job")
        submitter = Submitter(service)
        try:
            for kill in range(KILLS):
                service.wait_for_trials(job, 8 * kill)
                threading.Event().wait(moments.uniform(0, 1))
                service.kill()
                service.start()
                assert service.submit(SPEC, "the-job") == job
        finally:
            submitter.finish()
        service.wait_for_end(job)
        for small in submitter.acknowledged.values():
            assert service.wait_for_end(small)["state"] == "completed"
    assert result_of(database_url, job) == undisturbed
    assert sorted(job_ids(database_url)) == sorted([job, *submitter.acknowledged.values()])


def test_told_to_leave_it_leaves_in_time_and_the_job_goes_on(
    make_service: MakeService, undisturbed: Result
) -> None:
    service = make_service()
    service.start()
    job = service.submit(SPEC)
    service.wait_for_trials(job, 5)
    with service.http.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        assert events.status_code == 200  # an answer without an end does not keep it
        assert service.started.terminate(LEAVE_TIMEOUT) == 0
    wait_until(lambda: not service.started.group(), LEAVE_TIMEOUT, "no process left")
    before = result_of(service.database_url, job)
    assert before.state == "running"

    service.start()
    service.wait_for_end(job)
    assert result_of(service.database_url, job) == undisturbed


def test_the_second_server_stands_by_and_takes_over(
    make_service: MakeService, database_url: str, undisturbed: Result
) -> None:
    first = make_service("first", database_url=database_url)
    second = make_service("second", database_url=database_url)
    first.launch()
    first.wait_until_leading()
    second.start()
    assert second.readiness()["leader"] is False
    assert "standing by" in second.readiness()["problems"][0]

    job = second.submit(SPEC)
    second.wait_for_trials(job, 5)
    assert second.workers() == []
    first.kill()
    taken = wait_until(lambda: bool(second.readiness()["leader"]), TAKEOVER_TIMEOUT, "taken over")
    assert taken < TAKEOVER_TIMEOUT
    second.wait_for_end(job)
    assert result_of(database_url, job) == undisturbed
