"""`hpsearch serve` over real HTTP, with real workers, on SQLite."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from tests.integration.api.service import ENDLESS, TINY, Service, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("serve")) as service:
        yield service


def test_a_job_runs_through(service: Service) -> None:
    job = service.submit(TINY)
    kinds = []
    with service.http.stream("GET", f"{job}/events", timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
    assert kinds[0] == "job_created"
    assert kinds[-1] == "state_changed"
    assert kinds.count("trial_started") == kinds.count("trial_ended") == 8
    done = service.http.get(job).json()
    assert (done["state"], done["stop_reason"]) == ("completed", "budget: trials")
    trials = service.http.get(f"{job}/trials").json()["items"]
    assert [trial["number"] for trial in trials] == list(range(8))
    assert all(trial["state"] in ("complete", "pruned") for trial in trials)
    [first, *_] = service.http.get(f"{job}/best").json()["items"]
    assert first == done["best"]
    assert 0 < done["seconds"] < 60


def test_the_dashboard_shows_it_and_takes_no_writes(service: Service) -> None:
    job = service.submit(TINY)
    done = service.wait_for(job, "completed")
    path = f"/api/studies/{done['links']['dashboard'].rpartition('/')[2]}"
    assert service.http.delete(path).status_code == 403
    study = service.http.get(f"{path}?after=0").json()
    assert study["name"] == done["study"]
    assert len(study["trials"]) == 8
    assert service.http.get("/dashboard").status_code == 200


def test_results_are_ordinary_optuna_studies(service: Service, tmp_path: Path) -> None:
    done = service.wait_for(service.submit(TINY), "completed")
    database = service.data_dir / "hpsearch.db"
    study = optuna.load_study(study_name=str(done["study"]), storage=f"sqlite:///{database}")
    assert len(study.trials) == 8
    assert study.best_value == done["best"]["value"]


def test_cancel_takes_effect_within_two_seconds(service: Service) -> None:
    job = service.submit(ENDLESS)
    service.wait_for(job, "running")
    assert service.http.post(f"{job}/cancel").status_code == 202
    done = service.wait_for(job, "cancelled", timeout=2)
    assert done["stop_reason"] == "cancelled by user"
    assert done["progress"]["trials"]["running"] == 0


def test_pause_and_resume(service: Service) -> None:
    job = service.submit(TINY | {"budget": {"trials": 30}})
    service.wait_for(job, "running")
    service.http.post(f"{job}/pause")
    service.wait_for(job, "paused", timeout=5)
    service.http.post(f"{job}/resume")
    service.wait_for(job, "completed")


def test_a_stop_holds_up_nobody_and_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        finished = service.submit(TINY)
        service.wait_for(finished, "completed")
        unfinished = service.submit(ENDLESS)
        service.wait_for(unfinished, "running")
        lines: list[str] = []

        def listen() -> None:
            with service.http.stream("GET", f"{unfinished}/events", timeout=60) as events:
                lines.extend(events.iter_lines())

        listener = threading.Thread(target=listen)
        listener.start()
        assert service.stop(signal.SIGTERM) < 5
        assert service.process.returncode == 0
        listener.join(timeout=5)
        assert any("trial_started" in line for line in lines)
    with running(tmp_path) as again:
        assert again.http.get(finished).json()["state"] == "completed"
        before = again.http.get(unfinished).json()
        again.wait_for(unfinished, "running")
        assert again.http.get(unfinished).json()["seconds"] >= before["seconds"] > 0
        again.http.post(f"{unfinished}/cancel")
        again.wait_for(unfinished, "cancelled", timeout=5)
        assert again.stop(signal.SIGINT) < 5
        assert again.process.returncode == 0


def test_hostile_bodies_over_a_real_socket(service: Service) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b'{"dataset": NaN}', b"[" * 50_000, b"\xff", json.dumps(["\ud800"]).encode()):
        answer = service.http.post("/api/v1/jobs", content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert service.http.get("/healthz", headers={"Host": "evil.example"}).status_code == 421
