"""A job that moves to other servers, on either kind of database, and proves itself there."""

import json
from pathlib import Path

from harness.service import MakeService, Service
from tests.integration.api.test_audit import SPEC, run


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
            headers = {"Content-Type": "application/zip"}
            again = service.http.post("/api/v1/imports", content=content, headers=headers)
            assert again.status_code == 200
            refused = service.http.post("/api/v1/imports", content=early, headers=headers)
            assert refused.status_code == 422
            assert "only ended jobs" in refused.json()["detail"]
            assert service.http.post("/api/v1/imports", content=content).status_code == 415
            assert run("audit", job, "--url", service.url).returncode == 0
            verified = run("verify", job, "--trials", 1, "--url", service.url, "--json")
            assert json.loads(verified.stdout)["same"]
            assert service.http.get(f"/api/v1/jobs/{job}/export").status_code == 200
