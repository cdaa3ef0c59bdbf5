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


def test_nothing_is_confirmed_where_the_spec_says_so(service: Service) -> None:
    job = service.submit({**SPEC, "confirm": None})
    service.wait_for_end(job)
    assert _certificate(service, job) == {
        "state": "off",
        "candidates": [],
        "verdict": None,
        "final": None,
        "note": None,
    }
    assert "trial_confirmed" not in json.dumps(service.http.get(f"/api/v1/jobs/{job}").json())
