"""/metrics, read as Prometheus reads it."""

import logging
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from api.meters import Meters
from api.observed_store import ObservedStore
from hpsearch.errors import DatabaseUnavailable
from hpsearch.history import Cohort, Round
from hpsearch.jobs import JobState
from hpsearch.runner.ports import JobStore
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial
from storage.overview import Overview
from tests.fakes import MemoryStore
from tests.unit.api.server_in_process import ServerInProcess


def _series(server: ServerInProcess) -> dict[tuple[str, str], float]:
    """Values by name and first label."""
    answer = server.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_states_are_looked_up(server: ServerInProcess) -> None:
    server.submit()
    server.end(server.submit()["id"])
    found = _series(server)
    assert found["hpsearch_jobs", "queued"] == 1
    assert found["hpsearch_jobs", "completed"] == 1
    assert found["hpsearch_jobs", "running"] == 0
    assert 0 < found["hpsearch_queue_age_seconds", ""] < 60
    assert found["hpsearch_workers", ""] == 2
    assert found["hpsearch_legs_in_flight", ""] == 2
    assert found["hpsearch_legs_waiting", ""] == 3
    assert found["hpsearch_worker_losses_total", ""] == 1
    assert found["hpsearch_leader", ""] == 1
    assert found["hpsearch_database_up", ""] == 1


def test_says_that_the_database_is_away(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Overview) -> Any:
        raise DatabaseUnavailable

    monkeypatch.setattr(Overview, "counts", gone)
    found = _series(server)
    assert found["hpsearch_database_up", ""] == 0
    assert found["hpsearch_workers", ""] == 2


def test_requests_are_timed_by_route_not_by_path(server: ServerInProcess) -> None:
    for path in ("/api/v1/jobs/a", "/api/v1/jobs/b", "/nowhere", "/else", "/dashboard"):
        server.client.get(path)
    text = server.client.get("/metrics").text
    routes = {
        sample.labels["route"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "hpsearch_request_seconds_count"
    }
    assert routes["/api/v1/jobs/{job_id}"] == 2
    assert routes["none"] == 2
    assert routes["dashboard"] == 1


def test_the_runners_calls_are_timed_and_its_trials_counted() -> None:
    registry = CollectorRegistry()
    inner = MemoryStore()
    store: JobStore = ObservedStore(inner, Meters(registry))
    job = inner.add(parse_spec({"dataset": "small"}))
    assert [each.id for each in store.unfinished()] == [job.id]
    assert store.job(job.id).id == job.id
    assert store.history(job.id).trials == ()
    assert store.enqueued(job.id) == ()
    store.start(job.id, {})
    store.pause(job.id, 1.0)
    assert store.end(job.id, JobState.COMPLETED, "budget: trials", 2.0)
    for call in ("unfinished", "job", "history", "enqueued", "start", "pause", "end"):
        assert registry.get_sample_value("hpsearch_database_seconds_count", {"call": call}) == 1


def _trials(count: int) -> Cohort:
    trials = tuple(
        Trial(number, 0, 0, {}, Origin("sampler", "tpe", 1, 0)) for number in range(count)
    )
    return Cohort(0, Round(0, {}, {}, (), "the whole box", 1.0, (1.0,)), trials, opens=True)


def test_endings_are_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    registry = CollectorRegistry()
    inner = MemoryStore()
    inner.add(parse_spec({"dataset": "small"}))
    store = ObservedStore(inner, Meters(registry))
    store.open_cohort("job", _trials(5), 0.0)
    endings = {
        0: Ending(Outcome.COMPLETED, "done"),
        1: Ending(Outcome.DIVERGED, "diverged"),
        2: Ending(Outcome.DIVERGED, "diverged"),
    }
    caplog.clear()
    for _ in range(2):  # what was recorded may be recorded again
        store.record("job", {0: Report(100, 1.0, 0.9, 0.1)}, endings, 1.0)
    told = [(r.getMessage(), r.__dict__["trial"], r.__dict__["outcome"]) for r in caplog.records]
    assert told == [
        ("trial ended", 0, "completed"),
        ("trial ended", 1, "diverged"),
        ("trial ended", 2, "diverged"),
    ]
    assert store.end("job", JobState.CANCELLED, "cancelled by user", 2.0)
    store.record("job", {}, {3: Ending(Outcome.COMPLETED, "too late")}, 3.0)
    counted = {
        outcome: registry.get_sample_value("hpsearch_trials_total", {"outcome": outcome})
        for outcome in ("completed", "diverged", "cancelled")
    }
    assert counted == {"completed": 1, "diverged": 2, "cancelled": 2}


def test_trials_of_an_earlier_server_are_counted_too() -> None:
    registry = CollectorRegistry()
    inner = MemoryStore()
    inner.add(parse_spec({"dataset": "small"}))
    inner.open_cohort("job", _trials(3), 0.0)
    store = ObservedStore(inner, Meters(registry))
    store.history("job")
    store.end("job", JobState.CANCELLED, "cancelled by user", 1.0)
    assert registry.get_sample_value("hpsearch_trials_total", {"outcome": "cancelled"}) == 3
