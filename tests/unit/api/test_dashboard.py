"""Optuna's dashboard: everything to read, nothing to write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from fastapi import FastAPI
from optuna.exceptions import StorageInternalError
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from api import dashboard, dashboard_app, errors
from api.dashboard import Dashboard
from api.dashboard_app import reading_storage
from api.dashboard_instances import MAX_KEPT, Instances
from api.heavy import HeavyRequests
from storage.database import Database
from storage.studies import StudySize

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
    with _serving(url) as client:
        yield client


@contextmanager
def _serving(url: str) -> Iterator[TestClient]:
    app, database = FastAPI(), Database(url)
    app.router.routes.extend(Dashboard(database, HeavyRequests(4, 1000)).routes())
    errors.install(app)
    with TestClient(app, follow_redirects=False) as client:
        yield client
    database.close()


def test_shows_the_page_and_its_script(client: TestClient) -> None:
    page = client.get("/dashboard/studies/1")
    assert page.status_code == 200
    assert "NOW LOADING" in page.text
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
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


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/studies/999", 404),
        ("/api/studies/0", 404),
        ("/api/studies/01", 404),
        ("/api/studies/+1", 404),
        ("/api/studies/1%20", 404),
        ("/api/studies/x", 404),
        ("/api/studies/", 404),
        ("/api/studies//1", 404),
        ("/api/studies/2147483648", 404),
        ("/api/studies/9223372036854775808", 404),
        ("/api/studies/9223372036854775808/param_importances", 404),
        ("/api/studies/999999/param_importances", 404),
        ("/api/studies/1/plot/contour", 404),
        ("/api/studies/999999/plot/contour", 404),
        ("/api/studies/1/nothing", 404),
        ("/api/studies/1/", 404),
        ("/api/trials/1", 404),
        ("/csv/999", 404),
        ("/csv/x", 404),
        ("/static/../index.html", 404),
        ("/static/%2e%2e/index.html", 404),
        ("/static/nothing.js", 404),
        ("/api/studies/1?after=x", 422),
        ("/api/studies/1?after=", 422),
        ("/api/studies/1?after=-1", 422),
        ("/api/studies/1?after=%ff", 422),
        ("/api/studies/1?after=1;after=2", 422),
        ("/api/studies/1?after=1&after=2", 422),
        ("/api/studies/1?after=10000000000", 422),
        ("/api/studies/1?before=1", 422),
        ("/api/studies/1/param_importances?x=1", 422),
        ("/api/studies?x=1", 422),
        ("/csv/1?trial_ids=x", 422),
        ("/csv/1?trial_ids=1,,2", 422),
    ],
)
def test_odd_requests_are_problems_and_no_errors_of_the_server(
    client: TestClient, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/api/studies/1?after=0", "/csv/1", "/csv/1?trial_ids=0,1", "/csv/1?trial_ids="]
)
def test_what_its_page_asks_for_gets_through(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_its_own_errors_are_answered_by_us(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> ASGIApp:
        return PlainTextResponse("secret", 500)

    monkeypatch.setattr(dashboard_app, "application", broken)
    with _serving(url) as client:
        answer = client.get("/api/studies/1")
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert "secret" not in answer.text


def test_a_study_that_is_too_large_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "MAX_TRIALS", 0)
    answer = client.get("/api/studies/1")
    assert answer.status_code == 422
    assert "/api/v1" in answer.json()["detail"]


def test_what_it_keeps_is_bounded() -> None:
    made: list[ASGIApp] = []

    def make() -> ASGIApp:
        made.append(PlainTextResponse(str(len(made))))
        return made[-1]

    instances = Instances(make)
    small, half = StudySize("a", 10), StudySize("b", MAX_KEPT // 2 + 1)
    first = instances.get(1, small)
    assert instances.get() is first
    assert instances.get(2, half) is first
    assert instances.get(1, StudySize("a", 20)) is first
    second = instances.get(3, half)  # too much together
    assert second is not first
    assert instances.get(3, StudySize("another of this id", 1)) is not second
    large = instances.get(4, StudySize("c", 2 * MAX_KEPT))
    assert instances.get(4, StudySize("c", 2 * MAX_KEPT + 1)) is large
    assert instances.get(1, small) is not large
    last = instances.get()
    instances.drop()
    assert instances.get() is not last


def test_sees_what_is_written_later(tmp_path: Path) -> None:
    url = _results(tmp_path)
    with _serving(url) as client:
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
