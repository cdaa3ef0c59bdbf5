"""Any trial's network from no stored weights, over real HTTP with a real worker that dies."""

import hashlib
import json
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import numpy as np
from PIL import Image

from harness.service import HPSEARCH, MakeService, Service, wait_until
from hpsearch import load_model
from hpsearch.datasets.digits import digits

SPEC = {
    "dataset": "digits",
    "network": {"architecture": "lenet5", "batch_norm": True, "dropout": 0.2},
    "epochs": 2,
    "cohort": 4,
    "budget": {"trials": 4},
    "confirm": None,
}
LONG = {
    **SPEC,
    "epochs": 200,
    "rounds": {"count": 1},
    "cohort": 1,
    "budget": {"trials": 1},
    "pruner": "none",
}
LONG["network"] = "lenet5"
LONG["space"] = {"learning_rate": {"low": 0.001, "high": 0.002, "log": True}}


def model(service: Service, path: str) -> httpx.Response:
    """The answer once the model is there, or is refused."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(service.http.get(f"/api/v1/jobs/{path}"))
        return answers[-1].status_code != 202

    wait_until(answered, 120, "a model")
    return answers[-1]


def test_the_same_bytes_every_time(make_service: MakeService, tmp_path: Path) -> None:
    with make_service("first", workers=1) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        best = service.job(job)["best"]["number"]
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda _: model(service, f"{job}/model"), range(3)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        content = answers[0].content
        assert model(service, f"{job}/trials/{best}/model").content == content
        kept = list((service.log.parent / "models").iterdir())
        assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]
        kept[0].unlink()
        assert model(service, f"{job}/model").content == content
        path = tmp_path / "winner.npz"
        command = [*HPSEARCH, "model", job, "-o", str(path), "--url", service.url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert path.read_bytes() == content
        assert hashlib.sha256(content).hexdigest() in said
        recorded = service.http.get(f"/api/v1/jobs/{job}/trials/{best}").json()["reports"][-1]
    found = load_model(path)
    weights = hashlib.sha256(found.network.parameters.tobytes())
    weights.update(found.network.running.tobytes())
    assert weights.hexdigest() == recorded["weights"]
    _predicts(path, tmp_path)


def _predicts(path: Path, folder: Path) -> None:
    test, files = digits().test, []
    for place in range(3):
        files.append(str(folder / f"{place}.png"))
        Image.fromarray(test.images[place, 0]).save(files[-1])
    command = [*HPSEARCH, "predict", str(path), *files, "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expected = load_model(path).probabilities(test.images[:3])
    items = json.loads(printed)["items"]
    np.testing.assert_allclose([item["probabilities"] for item in items], expected, rtol=1e-5)
    Image.new("L", (9, 8)).save(folder / "wide.png")
    wrong = subprocess.run(
        [*HPSEARCH, "predict", str(path), str(folder / "wide.png")], capture_output=True, text=True
    )
    assert wrong.returncode == 2
    assert "is 9 × 8 pixels; the model wants 8 × 8" in wrong.stderr


def test_a_kill_during_the_training_changes_nothing(make_service: MakeService) -> None:
    with make_service("service", workers=1) as service:
        job = service.submit(LONG)
        service.wait_for_end(job)
        answer = model(service, f"{job}/model")
        assert answer.status_code == 200, answer.text
        undisturbed = answer.content
        for path in (service.log.parent / "models").iterdir():
            path.unlink()
        began = service.http.get(f"/api/v1/jobs/{job}/model")
        assert began.status_code == 202
        assert began.headers["location"] == f"/api/v1/jobs/{job}/trials/0/model"
        assert began.json()["goal"] == 200
        service.workers()[0].kill()
        assert model(service, f"{job}/model").content == undisturbed
        for path in (service.log.parent / "models").iterdir():
            path.unlink()
        assert service.http.get(f"/api/v1/jobs/{job}/model").status_code == 202
        service.kill()
        service.start()
        assert model(service, f"{job}/model").content == undisturbed


def test_what_came_out_different_is_said(make_service: MakeService) -> None:
    with make_service("service", workers=1) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        service.close()
        _change_a_hash(service.log.parent / "hpsearch.db")
    with make_service("service", workers=1) as service:
        refused = model(service, f"{job}/trials/0/model")
        assert refused.status_code == 409
        assert refused.json()["type"] == "/docs#problem-model-different"
        said = refused.json()["errors"]
        assert "on record are 00" in said[0]["message"]
        assert said[1]["field"] == "environment"
        taken = model(service, f"{job}/trials/0/model?accept=different")
        assert taken.status_code == 200


def _change_a_hash(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        for key, text in connection.execute(
            "select trial_user_attribute_id, value_json from trial_user_attributes"
            " where key = 'reports'"
        ).fetchall():
            reports = json.loads(text)
            reports[-1]["weights"] = "0" * 64
            connection.execute(
                "update trial_user_attributes set value_json = ? where trial_user_attribute_id = ?",
                (json.dumps(reports), key),
            )


def test_a_model_comes_before_waiting_legs(make_service: MakeService) -> None:
    with make_service("service", workers=1) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        busy = service.submit({**SPEC, "cohort": 40, "budget": {"trials": 400}, "epochs": 5})
        wait_until(lambda: service.job(busy)["state"] == "running", 30, "the other job")
        began = time.monotonic()
        assert model(service, f"{job}/model").status_code == 200
        assert service.job(busy)["state"] == "running"
        assert time.monotonic() - began < 60


def test_trials_without_a_model(make_service: MakeService) -> None:
    with make_service("service", workers=1) as service:
        diverging = {**SPEC, "space": {"learning_rate": {"low": 1e5, "high": 1e6, "log": True}}}
        job = service.submit(diverging)
        service.wait_for_end(job)
        refused = service.http.get(f"/api/v1/jobs/{job}/trials/0/model")
        assert refused.status_code == 409
        assert "left the finite numbers: diverged" in refused.json()["detail"]
        assert service.http.get(f"/api/v1/jobs/{job}/model").status_code == 409
        assert service.http.get(f"/api/v1/jobs/{job}/trials/99/model").status_code == 404
