"""What is optimised, and which data it was, over real HTTP with real workers."""

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from harness.service import MakeService, Service
from hpsearch.datasets.digits import digits
from tests.integration.api.test_audit import run

SPEC = {
    "dataset": "digits",
    "network": "mlp",
    "epochs": 1,
    "cohort": 4,
    "budget": {"trials": 8},
    "confirm": {"top": 2, "repeats": 2},
}
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "loss")


@pytest.mark.parametrize("objective", ["balanced_accuracy", "macro_f1", "loss"])
def test_the_objective_steers_and_all_four_are_recorded(service: Service, objective: str) -> None:
    job = service.submit({**SPEC, "objective": objective})
    service.wait_for_end(job)
    trials = service.http.get(f"/api/v1/jobs/{job}/trials?limit=100").json()["items"]
    complete = [trial for trial in trials if trial["state"] == "complete"]
    for trial in complete:
        last = trial["reports"][-1]
        assert all(last[name] is not None for name in SCORES)
        assert last["value"] == last[objective] == trial["value"]
    choose = min if objective == "loss" else max
    best: Any = service.http.get(f"/api/v1/jobs/{job}/best").json()["items"][0]
    assert best["value"] == choose(trial["value"] for trial in complete)
    certificate: Any = service.http.get(f"/api/v1/jobs/{job}/certificate").json()
    assert certificate["candidates"][0]["naive"] == best["value"]
    assert f"the search went by {objective}" in certificate["note"]
    study = optuna.load_study(study_name=service.job(job)["study"], storage=service.database_url)
    assert study.direction.name == ("MINIMIZE" if objective == "loss" else "MAXIMIZE")
    assert study.metric_names == [f"validation {objective.replace('_', ' ')}"]
    assert study.best_value == best["value"]


def test_the_same_name_for_other_data_gives_another_digest(
    make_service: MakeService, tmp_path: Path
) -> None:
    """One pixel of one image differs, and nothing else."""
    part = digits().training
    digests, hashes = [], []
    for name in ("one", "other"):
        images = part.images.copy()
        images[0, 0, 0, 0] = 1 if name == "other" else 0
        file = tmp_path / f"{name}.npz"
        np.savez(file, x_train=images[:, 0], y_train=part.labels)
        folder = tmp_path / name
        added = run("datasets", "add", "mine", file, "--data-dir", folder)
        assert added.returncode == 0, added.stderr
        with make_service(name, workers=1) as service:
            job = service.submit({**SPEC, "dataset": "mine", "confirm": None})
            service.wait_for_end(job)
            digests.append(service.http.get(f"/api/v1/jobs/{job}/digest").json()["digest"])
            hashes.append(service.job(job)["data"])
    assert digests[0] != digests[1]
    assert hashes[0]["dataset_sha256"] != hashes[1]["dataset_sha256"]
    assert hashes[0]["split_sha256"] == hashes[1]["split_sha256"]
