"""Health, pages, the description, settings, and errors that are nobody's fault but ours."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import STATUS, shown
from api.settings import Settings, read_settings
from hpsearch import errors
from hpsearch.errors import DatabaseUnavailable, DatasetError, InvalidSettings
from storage.events import EventKind
from tests.unit.api.server_in_process import ServerInProcess
from tests.unit.datasets.image_folders import classes


def test_healthz_and_readyz(server: ServerInProcess) -> None:
    assert server.client.get("/healthz").json() == {"status": "ok"}
    ready = server.client.get("/readyz")
    body = ready.json()
    assert (ready.status_code, body["ready"], body["problems"]) == (200, True, [])
    assert (body["leader"], body["workers"]) == (True, 2)
    assert body["database"]["library"].startswith("SQLite 3.")
    server.runner.problem = "no workers yet"
    standing_by = server.client.get("/readyz")
    assert (standing_by.status_code, standing_by.json()["problems"]) == (200, ["no workers yet"])


def test_without_database_503_with_retry_after(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> Any:
        raise DatabaseUnavailable("the database cannot be reached")

    monkeypatch.setattr(type(server.database), "read", gone)
    facts = {"problems": ["gone"], "refused": "gone"}
    monkeypatch.setattr(type(server.database), "check", lambda _: dict(facts))
    answer = server.client.get("/api/v1/jobs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "/docs#problem-database-unavailable"
    ready = server.client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"], ready.json()["problems"]) == (
        503,
        False,
        ["gone"],
    )


def test_a_bug_is_a_problem_without_its_details(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(server.database), "read", bug)
    answer = server.client.get("/api/v1/jobs")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_runner_starts_and_stops_with_the_server(server: ServerInProcess) -> None:
    assert server.runner.calls == ["start"]
    server.client.__exit__(None, None, None)
    assert server.runner.calls == ["start", "stop 3"]
    server.client.__enter__()


def test_datasets(client: TestClient) -> None:
    found = {each["name"]: each for each in client.get("/api/v1/datasets").json()["items"]}
    assert found["digits"]["shape"] == [1, 8, 8]
    assert found["digits"]["available"]
    assert client.get("/api/v1/datasets/digits").json() == found["digits"]


def test_the_description_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in re.findall(r"/docs/([\w.-]+)\"", page.text):
        assert client.get(f"/docs/{name}").status_code == 200


def test_every_event_and_problem_has_a_row_with_words(client: TestClient) -> None:
    page = client.get("/docs").text
    for kind in EventKind:
        assert re.search(rf"<code>{kind.value}</code></th><td>[A-Z][^<]+</td><td><code>at", page)
    for name in client.get("/openapi.json").json()["x-problems"]:
        assert re.search(rf'id="problem-{name}"><th [^>]*><code>{name}</code></th><td>\w', page)


def test_every_tag_has_a_sentence_and_every_call_a_summary(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    told = {tag["name"]: tag["description"] for tag in api["tags"]}
    calls = [call for methods in api["paths"].values() for call in methods.values()]
    assert {tag for call in calls for tag in call["tags"]} == set(told)
    assert all(words.endswith(".") for words in told.values())
    assert all(call["summary"] and not call["summary"].endswith(".") for call in calls)


def test_every_json_body_has_examples_which_are_accepted(server: ServerInProcess) -> None:
    api = server.client.get("/openapi.json").json()
    job = server.submit(space={})["id"]
    ended = server.submit()["id"]
    server.run_a_little(ended)
    server.end(ended)
    tried = 0
    for path, methods in api["paths"].items():
        for method, call in methods.items():
            content = call.get("requestBody", {}).get("content", {}).get("application/json")
            for example in content["examples"].values() if content else ():
                job_id = ended if "archived" in example["value"] else job
                answer = server.client.request(
                    method, path.format(job_id=job_id), json=example["value"]
                )
                assert answer.status_code < 300, (path, example, answer.text)
                tried += 1
    assert tried >= 8


def test_the_description_is_whole(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    known = set(api["components"]["schemas"])
    assert "HTTPValidationError" not in known
    for reference in _references(api):
        assert reference.removeprefix("#/components/schemas/") in known, reference
    for schema in api["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    submit = api["paths"]["/api/v1/jobs"]["post"]
    assert submit["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/JobSubmission"
    )
    fields = api["components"]["schemas"]["JobSubmission"]["properties"]
    assert {"dataset", "space", "learning_rate", "warm_start", "priority"} <= set(fields)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []


def test_answers_keep_to_their_description(server: ServerInProcess) -> None:
    job_id = server.submit()["id"]
    server.run_a_little(job_id)
    api = server.client.get("/openapi.json").json()
    for path in ("", "/trials", "/trials/2", "/best", "/rounds"):
        template = "/api/v1/jobs/{job_id}" + path.replace("/2", "/{number}")
        content = api["paths"][template]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": api["components"]}
        answer = server.client.get(f"/api/v1/jobs/{job_id}{path}").json()
        Draft202012Validator(schema).validate(answer)


def test_every_error_a_request_can_meet_has_a_status() -> None:
    elsewhere = {  # of the runner, or of the command line
        errors.WorkerLost,
        errors.EngineLost,
        errors.EngineUnavailable,
        errors.LeadershipLost,
        errors.OtherTrials,
        errors.InvalidSettings,
        errors.WorkerNotPinned,
        errors.ServiceError,
        errors.TokenError,
        errors.UnreadableModel,
        errors.UnusableDatabase,
    }
    for cls in vars(errors).values():
        if isinstance(cls, type) and issubclass(cls, errors.HpsearchError):
            known = any(parent in STATUS for parent in cls.__mro__)
            assert known or cls in elsewhere or cls is errors.HpsearchError, cls


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (0.5, 0.5),
        (float("nan"), "nan"),
        (2**70, str(2**70)),
        ("\ud800", "\\ud800"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_what_came_is_shown_safely(value: object, expected: object) -> None:
    assert shown(value) == expected
    assert len(str(shown("x" * 5000))) == 200


def test_settings_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPSEARCH_DATA_DIR", str(tmp_path))
    assert read_settings().url == f"sqlite:///{tmp_path}/hpsearch.db"
    secret = tmp_path / "password"
    secret.write_text("p@ss/word\n")
    monkeypatch.setenv("HPSEARCH_DATABASE_URL", "postgresql+psycopg://user@db:5432/hpsearch")
    monkeypatch.setenv("HPSEARCH_DATABASE_PASSWORD_FILE", str(secret))
    assert read_settings().url == "postgresql+psycopg://user:p%40ss%2Fword@db:5432/hpsearch"
    monkeypatch.setenv("HPSEARCH_WORKERS", "eight")
    monkeypatch.setenv("HPSEARCH_CLUSTER", "http://x")
    with pytest.raises(InvalidSettings, match=r"HPSEARCH_WORKERS.*HPSEARCH_CLUSTER"):
        read_settings()


def test_settings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InvalidSettings, match="data_dir"):
        create_app(Settings(data_dir=blocked / "data"))
    with pytest.raises(InvalidSettings, match="tls"):
        create_app(Settings(data_dir=tmp_path, cluster="tls://scheduler:8786"))
    with pytest.raises(InvalidSettings, match="cannot be read"):
        _ = Settings(database_url="postgresql://u@h/d", database_password_file=blocked / "x").url
    with pytest.raises(InvalidSettings, match="not a database URL"):
        _ = Settings(database_url="nonsense").url


def test_jobs_that_do_not_run_are_named_and_counted(server: ServerInProcess) -> None:
    server.runner.unattended = {f"job{number}": "its sampler is gone" for number in range(12)}

    answer = server.client.get("/readyz")

    assert answer.status_code == 200
    problems = answer.json()["problems"]
    assert problems[0] == "job job0 does not run: its sampler is gone"
    assert (len(problems), problems[-1]) == (11, "2 more jobs do not run")


def test_an_added_data_set_is_answered_with_how_it_was_understood(
    server: ServerInProcess, tmp_path: Path
) -> None:
    app: Any = server.client.app
    info = app.state.services.catalogue.add("pets", classes(tmp_path / "pets"))
    answer = server.client.get("/api/v1/datasets/pets").json()

    assert answer == info.to_json()
    assert answer["class_names"] == ["cat", "dog"]
    assert "images are in colour" in answer["understood"]
    assert server.client.get("/api/v1/datasets/none").status_code == 404


def test_downloads_may_be_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPSEARCH_DOWNLOADS", "false")
    monkeypatch.setenv("HPSEARCH_DATA_DIR", str(tmp_path))
    app = create_app()

    with pytest.raises(DatasetError, match="downloads are off"):
        app.state.services.catalogue.ensure("mnist")
    app.state.services.database.close()
