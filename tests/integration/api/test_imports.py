"""A job that moves to other servers, on either kind of database, and proves itself there."""

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.service import MakeService, Service
from hpsearch.digest import digest, seal_of
from hpsearch.history import DataHashes
from hpsearch.job_file import JobFacts, job_file
from hpsearch.jobs import JobState
from hpsearch.spec.search import parse_spec
from hpsearch.spec.stored import SPEC_VERSION
from tests.integration.api.test_audit import SPEC, run
from tests.made_up_trainers import Simulation, valley

HEADERS = {"Content-Type": "application/zip"}
CONDITIONAL = {
    "learning_rate": {"low": 1e-4, "high": 10, "log": True},
    "weight_decay": {"low": 1e-6, "high": 0.1, "log": True},
    "optimizer": {"choices": ["sgd", "momentum"]},
    "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": ["momentum"]}},
}


def _answers(service: Service, job: str) -> list[object]:
    """What must be the same wherever the job is."""
    paths = ("digest", "certificate", "trials?limit=500", "rounds", "best")
    return [service.http.get(f"/api/v1/jobs/{job}/{path}").json() for path in paths]


def test_moves(make_service: MakeService, tmp_path: Path, postgres_url: str) -> None:
    file = tmp_path / "job.zip"
    with make_service("first", workers=2) as service:
        job = service.submit(SPEC)
        early = service.http.get(f"/api/v1/jobs/{job}/export").content
        service.wait_for_end(job)
        run("export", job, "-o", file, "--url", service.url)
        expected = _answers(service, job)
        service.close()
    content = file.read_bytes()
    for name, database in (("second", None), ("third", postgres_url)):
        with make_service(name, workers=1, database_url=database) as service:
            imported = run("import", file, "--url", service.url)
            assert imported.stdout == f"{job}\n", imported.stderr
            assert _answers(service, job) == expected
            before = service.job(job)
            assert run("import", file, "--url", service.url).stdout == f"{job}\n"
            assert service.job(job) == before
            again = service.http.post("/api/v1/imports", content=content, headers=HEADERS)
            assert again.status_code == 200
            refused = service.http.post("/api/v1/imports", content=early, headers=HEADERS)
            assert refused.status_code == 422
            assert "only ended jobs" in refused.json()["detail"]
            assert service.http.post("/api/v1/imports", content=content).status_code == 415
            assert run("audit", job, "--url", service.url).returncode == 0
            verified = run("verify", job, "--trials", 1, "--url", service.url, "--json")
            assert json.loads(verified.stdout)["same"]
            assert service.http.get(f"/api/v1/jobs/{job}/export").status_code == 200


def test_a_job_that_starts_from_another(make_service: MakeService, tmp_path: Path) -> None:
    """Both have conditional parameters; the second one has nothing to start from by itself."""
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    spec = {**SPEC, "space": CONDITIONAL, "confirm": None, "epochs": 1, "budget": {"trials": 12}}
    with make_service("from", workers=2) as service:
        earlier = service.submit(spec)
        service.wait_for_end(earlier)
        job = service.submit({**spec, "seed": 1, "warm_start": [earlier]})
        service.wait_for_end(job)
        for name, file in ((earlier, first), (job, second)):
            run("export", name, "-o", file, "--url", service.url)
        expected = _answers(service, job)
    with make_service("to", workers=1) as service:
        alone = service.http.post("/api/v1/imports", content=second.read_bytes(), headers=HEADERS)
        assert alone.status_code == 409
        assert "import it first" in alone.json()["detail"]
        for file in (first, second):
            assert run("import", file, "--url", service.url).returncode == 0
        assert _answers(service, job) == expected
        assert run("audit", job, "--url", service.url).returncode == 0


def _large(trials: int) -> tuple[str, str, bytes]:
    """A search of made-up trainings: its id, its digest, its file."""
    given = {"dataset": "digits", "network": "mlp", "cohort": 50, "sampler": "random"}
    budget = {"trials": trials}
    spec = parse_spec({**given, "space": CONDITIONAL, "confirm": None, "budget": budget})
    simulation = Simulation(spec, valley)
    done = simulation.run()
    assert done is not None
    assert simulation.history.baseline is not None
    data = DataHashes("d" * 64, "5" * 64)
    facts = JobFacts(
        id="largejobaa",
        spec=spec.canonical(),
        spec_version=SPEC_VERSION,
        state=JobState.COMPLETED,
        stop_reason=done.reason,
        seconds=1.5,
        priority=1.0,
        created_at="2026-01-02T03:04:05+00:00",
        started_at="2026-01-02T03:04:06+00:00",
        finished_at="2026-01-02T03:05:05+00:00",
        environment={},
        data=data,
        baseline=simulation.history.baseline.counts,
        digest=digest(spec, simulation.history, done.reason, data),
        seals={trial.number: seal_of(trial) for trial in simulation.history.trials},
    )
    return facts.id, facts.digest, job_file(facts, simulation.history)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_import_that_is_killed_leaves_all_or_nothing(
    kind: str, make_service: MakeService, request: pytest.FixtureRequest
) -> None:
    job, expected, content = _large(2_000)
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    with make_service("killed", workers=1, database_url=url) as service:
        for seconds in (0.5, 1.2):  # while it is checked, while it is written
            sender = threading.Thread(target=_post, args=(service.url, content))
            sender.start()
            time.sleep(seconds)
            service.kill()
            sender.join()
            service.start()
            there = service.http.get(f"/api/v1/jobs/{job}/digest")
            assert there.status_code == 404 or there.json()["digest"] == expected
        answer = service.http.post("/api/v1/imports", content=content, headers=HEADERS, timeout=60)
        assert answer.status_code in (200, 201), answer.text
        assert service.http.get(f"/api/v1/jobs/{job}/digest").json()["digest"] == expected
        audited = run("audit", job, "--url", service.url)
        assert audited.stdout == "2,000 trials: every decision comes out as recorded\n"


def _post(url: str, content: bytes) -> None:
    with suppress(httpx.HTTPError):
        httpx.post(f"{url}/api/v1/imports", content=content, headers=HEADERS, trust_env=False)
