"""`hpsearch serve` over real HTTP, with real workers, on SQLite."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import optuna

from harness.service import HPSEARCH, Answer, Service, wait_until
from tests.integration.api.specs import ENDLESS, TINY

API = "/api/v1/jobs"


def _wait_for(service: Service, job: str, state: str, timeout: float = 60) -> Answer:
    wait_until(lambda: bool(service.job(job)["state"] == state), timeout, f"{job} is {state}")
    return service.job(job)


def test_a_job_runs_through(service: Service) -> None:
    job = service.submit(TINY)
    kinds = []
    with service.http.stream("GET", f"{API}/{job}/events", timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
    assert kinds[0] == "job_created"
    assert kinds[-1] == "state_changed"
    assert kinds.count("trial_started") == kinds.count("trial_ended") == 8
    done = service.job(job)
    assert (done["state"], done["stop_reason"]) == ("completed", "budget: trials")
    trials = service.http.get(f"{API}/{job}/trials").json()["items"]
    assert [trial["number"] for trial in trials] == list(range(8))
    assert all(trial["state"] in ("complete", "pruned") for trial in trials)
    [first, *_] = service.http.get(f"{API}/{job}/best").json()["items"]
    assert first == done["best"]
    assert 0 < done["seconds"] < 60


def test_the_dashboard_shows_it_and_takes_no_writes(service: Service) -> None:
    done = service.wait_for_end(service.submit(TINY))
    path = f"/api/studies/{done['links']['dashboard'].rpartition('/')[2]}"
    assert service.http.delete(path).status_code == 403
    study = service.http.get(f"{path}?after=0").json()
    assert study["name"] == done["study"]
    assert len(study["trials"]) == 8
    assert service.http.get("/dashboard").status_code == 200


def test_results_are_ordinary_optuna_studies(service: Service) -> None:
    done = service.wait_for_end(service.submit(TINY))
    study = optuna.load_study(study_name=done["study"], storage=service.database_url)
    assert len(study.trials) == 8
    assert study.best_value == done["best"]["value"]


def test_cancel_takes_effect_within_two_seconds(service: Service) -> None:
    job = service.submit(ENDLESS)
    _wait_for(service, job, "running")
    assert service.http.post(f"{API}/{job}/cancel").status_code == 202
    done = _wait_for(service, job, "cancelled", timeout=2)
    assert done["stop_reason"] == "cancelled by user"
    assert done["progress"]["trials"]["running"] == 0


def test_pause_and_resume(service: Service) -> None:
    job = service.submit(TINY | {"epochs": 5, "budget": {"trials": 40}})
    _wait_for(service, job, "running")
    service.http.post(f"{API}/{job}/pause")
    _wait_for(service, job, "paused", timeout=5)
    service.http.post(f"{API}/{job}/resume")
    assert service.wait_for_end(job)["state"] == "completed"


def test_a_listener_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1) as service:
        service.wait_until_leading()
        job = service.submit(ENDLESS)
        _wait_for(service, job, "running")
        lines: list[str] = []
        listening = threading.Event()

        def listen() -> None:
            with service.http.stream("GET", f"{API}/{job}/events", timeout=60) as events:
                for line in events.iter_lines():
                    lines.append(line)
                    if line == "event: trial_reported":
                        listening.set()

        listener = threading.Thread(target=listen)
        listener.start()
        assert listening.wait(timeout=20)
        os.killpg(service.started.pid, signal.SIGINT)  # as Ctrl-C in a terminal: to all of them
        assert service.started.process.wait(timeout=5) == 0
        listener.join(timeout=5)
        wait_until(lambda: not service.started.group(), 2, "no process is left")
        assert "Traceback" not in service.log.read_text()


def test_hostile_bodies_over_a_real_socket(service: Service) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b'{"dataset": NaN}', b"[" * 50_000, b"\xff", json.dumps(["\ud800"]).encode()):
        answer = service.http.post(API, content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert service.http.get("/healthz", headers={"Host": "evil.example"}).status_code == 421


def test_a_python_without_docstrings_serves_too(tmp_path: Path) -> None:
    command = (sys.executable, "-OO", *HPSEARCH)
    with Service(tmp_path, workers=1, command=command) as service:
        assert service.http.get("/openapi.json").status_code == 200
        assert service.started.terminate(timeout=5) == 0
