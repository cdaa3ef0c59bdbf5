"""A real search, audited on its server and in a file; one changed value in its rows is named."""

import json
import sqlite3
import subprocess
from pathlib import Path

from harness.service import HPSEARCH, MakeService

SPEC = {
    "dataset": "digits",
    "network": "mlp",
    "epochs": 2,
    "cohort": 4,
    "budget": {"trials": 24},
    "confirm": {"top": 2, "repeats": 2},
}


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HPSEARCH, *map(str, command)], capture_output=True, text=True, check=False
    )


def test_audit_and_verify(make_service: MakeService, tmp_path: Path) -> None:
    file = tmp_path / "job.zip"
    with make_service("service", workers=2) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        digest = service.http.get(f"/api/v1/jobs/{job}/digest").json()["digest"]
        assert run("export", job, "-o", file, "--url", service.url).returncode == 0
        audited = run("audit", job, "--url", service.url, "--json")
        assert audited.returncode == 0, audited.stdout + audited.stderr
        service.close()
    expected = {"job": job, "trials": 24, "digest": digest, "findings": []}
    assert json.loads(audited.stdout) == expected
    offline = run("audit", file)
    assert offline.stdout == "24 trials: every decision comes out as recorded\n"
    assert run("verify", file, "--trials", 2, "--data-dir", tmp_path).returncode == 0
    with sqlite3.connect(service.log.parent / "hpsearch.db") as connection:
        connection.execute(
            "update trial_params set param_value = param_value * 1.001 where trial_id = "
            "(select trial_id from hps_trials where number = 13) and param_name = 'learning_rate'"
        )
        connection.execute(
            "update hps_confirmations set found = replace(found, '\"macro_f1\":0.', "
            "'\"macro_f1\":0.1') where repeat = 0"
        )
    with make_service("service", workers=1) as service:
        audited = run("audit", job, "--url", service.url)
        assert audited.returncode == 1
        assert "trial 13: was changed after it had ended" in audited.stdout
        assert "trial 13: params.learning_rate is" in audited.stdout
        assert f"the digest: is {digest}, what is recorded comes to" in audited.stdout
