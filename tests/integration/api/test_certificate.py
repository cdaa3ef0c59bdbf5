"""The winner's certificate over real HTTP, with real workers that die under it."""

import json
import subprocess
from typing import Any

from harness.service import HPSEARCH, MakeService, Service, wait_until

SPEC = {
    "dataset": "digits",
    "network": "mlp",
    "epochs": 1,
    "cohort": 4,
    "budget": {"trials": 8},
    "confirm": {"top": 2, "repeats": 3},
}


def _certificate(service: Service, job: str) -> dict[str, Any]:
    answer: dict[str, Any] = service.http.get(f"/api/v1/jobs/{job}/certificate").json()
    return answer


def _confirmed(service: Service, job: str) -> int:
    candidates: Any = _certificate(service, job)["candidates"]
    return sum(len(each["scores"]) for each in candidates)


def test_the_certificate_survives_kills_to_the_bit(make_service: MakeService) -> None:
    with make_service("undisturbed", workers=2) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        expected = _certificate(service, job)
        digest = service.http.get(f"/api/v1/jobs/{job}/digest").json()["digest"]
        page = service.http.get(f"/jobs/{job}").text
        shown = subprocess.run(
            [*HPSEARCH, "certificate", job, "--url", service.url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert expected["state"] == "complete"
    assert len(expected["candidates"]) == 2
    final = expected["final"]
    assert isinstance(final, dict)
    assert final["images"] > 100
    assert len(final["accuracies"]) == 3
    assert final["interval"]["low"] < final["accuracy"] < final["interval"]["high"]
    assert isinstance(expected["verdict"], dict)
    assert expected["verdict"]["words"] in shown
    assert expected["verdict"]["words"][1:] in page
    assert "likely the best by an estimate from all trials" in page
    with make_service("killed", workers=1) as service:
        job = service.submit({**SPEC, "name": "killed"})
        wait_until(lambda: _confirmed(service, job) > 0, 60, "the first training again")
        service.kill()
        service.start()
        for worker in service.workers():
            worker.kill()
        service.wait_for_end(job)
        assert _certificate(service, job) == expected
        assert service.http.get(f"/api/v1/jobs/{job}/digest").json()["digest"] == digest


def test_another_winner_gets_no_second_look(service: Service) -> None:
    """The first two trials learn next to nothing; then one that does is asked for by name."""
    slow = {"type": "float", "low": 1e-6, "high": 0.5, "log": True}
    space = {"learning_rate": slow, "weight_decay": {"low": 1e-6, "high": 1e-5, "log": True}}
    confirm = {"top": 1, "repeats": 2}
    search = {
        "sampler": "random",
        "rounds": {"count": 1},
        "cohort": 1,
        "confirm": confirm,
        "seed": 4,
    }
    job = service.submit({**SPEC, **search, "space": space, "budget": {"trials": 2}})
    service.wait_for_end(job)
    first = _certificate(service, job)["final"]
    trials = service.http.get(f"/api/v1/jobs/{job}/trials").json()["items"]
    assert max(trial["params"]["learning_rate"] for trial in trials) < 0.01
    service.http.patch(f"/api/v1/jobs/{job}", json={"budget": {"trials": 30}})
    wanted = {"params": {"learning_rate": 0.3, "weight_decay": 1e-6}}
    answer = service.http.post(f"/api/v1/jobs/{job}/enqueue", json=wanted)
    assert answer.status_code == 202, answer.text
    service.wait_for_end(job)
    again = _certificate(service, job)
    assert again["verdict"]["winner"] != first["trial"]
    assert again["final"] == first
    assert again["note"] == (
        f"the search went on after trial {first['trial']} was scored on the test data; a second "
        f"look, for trial {again['verdict']['winner']}, is refused"
    )


def test_nothing_is_confirmed_where_the_spec_says_so(service: Service) -> None:
    job = service.submit({**SPEC, "confirm": None})
    service.wait_for_end(job)
    answer = _certificate(service, job)
    assert answer.pop("likely_best")["words"].startswith("Trial ")
    assert answer == {
        "state": "off",
        "candidates": [],
        "verdict": None,
        "final": None,
        "note": None,
    }
    assert "trial_confirmed" not in json.dumps(service.http.get(f"/api/v1/jobs/{job}").json())


def test_a_search_that_goes_on_is_confirmed_anew_and_gets_no_second_look(service: Service) -> None:
    job = service.submit({**SPEC, "name": "goes on"})
    service.wait_for_end(job)
    first = _certificate(service, job)
    for trials in (12, 24):
        changed = service.http.patch(f"/api/v1/jobs/{job}", json={"budget": {"trials": trials}})
        assert changed.status_code == 200, changed.text
        service.wait_for_end(job)
    again = _certificate(service, job)
    assert again["state"] == "complete"
    for name in ("trial", "accuracies", "images"):
        assert again["final"][name] == first["final"][name]
    refused = again["verdict"]["winner"] != first["verdict"]["winner"]
    assert ("a second look" in (again["note"] or "")) is refused
    audited = subprocess.run(
        [*HPSEARCH, "audit", job, "--url", service.url], capture_output=True, text=True, check=False
    )
    assert audited.stdout == "24 trials: every decision comes out as recorded\n"
