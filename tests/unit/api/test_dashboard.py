"""Optuna's dashboard: everything to read, nothing to write."""

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.dashboard import Dashboard
from api.dashboard_app import reading_storage

WRITES = [
    ("DELETE", "/api/studies/1"),
    ("POST", "/api/studies"),
    ("POST", "/api/studies/1/rename"),
    ("PUT", "/api/studies/1/note"),
    ("POST", "/api/trials/1/tell"),
    ("POST", "/api/trials/1/user-attrs"),
    ("PATCH", "/dashboard"),
    ("OPTIONS", "/api/studies/1"),
]


def _results(folder: Path) -> str:
    """A database with one study, as Optuna itself writes it."""
    url = f"sqlite:///{folder}/results.db"
    storage = optuna.storages.RDBStorage(url)
    study = optuna.create_study(storage=storage, study_name="digits-abc", direction="maximize")
    learning_rate = optuna.distributions.FloatDistribution(1e-3, 1e3, log=True)
    study.add_trial(
        optuna.trial.create_trial(
            params={"learning_rate": 0.1},
            distributions={"learning_rate": learning_rate},
            value=0.97,
            intermediate_values={100: 0.9, 300: 0.97},
        )
    )
    storage.engine.dispose()
    return url


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[TestClient]:
    app = Starlette(routes=Dashboard(url).routes())
    with TestClient(app, follow_redirects=False) as client:
        yield client


def test_shows_the_page_and_its_script(client: TestClient) -> None:
    page = client.get("/dashboard/studies/1")
    assert page.status_code == 200
    assert "NOW LOADING" in page.text
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/bundle.js").status_code == 200


def test_shows_studies_and_trials(client: TestClient) -> None:
    [study] = client.get("/api/studies").json()["study_summaries"]
    assert study["study_name"] == "digits-abc"
    detail = client.get(f"/api/studies/{study['study_id']}?after=0").json()
    [trial] = detail["trials"]
    assert trial["values"] == [0.97]
    assert [each["value"] for each in trial["intermediate_values"]] == [0.9, 0.97]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_refuses_writes(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, json={})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/docs#problem-read-only"
    assert len(client.get("/api/studies").json()["study_summaries"]) == 1


def test_head_is_reading(client: TestClient) -> None:
    assert client.head("/dashboard").status_code == 200


def test_needs_no_accept_encoding(client: TestClient) -> None:
    request = client.build_request("GET", "/static/bundle.js")
    del request.headers["accept-encoding"]
    assert client.send(request).status_code == 200


def test_unknown_study_and_odd_query_are_no_server_errors(client: TestClient) -> None:
    assert client.get("/api/studies/999").status_code == 404
    assert client.get("/api/studies/1?after=-1").status_code == 400


def test_sees_what_is_written_later(tmp_path: Path) -> None:
    url = _results(tmp_path)
    with TestClient(Starlette(routes=Dashboard(url).routes())) as client:
        assert len(client.get("/api/studies").json()["study_summaries"]) == 1
        storage = optuna.storages.RDBStorage(url)
        optuna.create_study(storage=storage, study_name="later", direction="maximize")
        storage.engine.dispose()
        assert len(client.get("/api/studies").json()["study_summaries"]) == 2


def test_its_connections_cannot_write(url: str) -> None:
    storage = reading_storage(url)
    with pytest.raises(StorageInternalError) as caught:
        storage.set_study_user_attr(1, "note", "written")
    assert "readonly" in str(caught.value.__cause__)
    assert storage.get_study_user_attrs(1) == {}
