"""HTTP as people expect it, on every route."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.schemas.events import EVENTS
from storage.events import EventKind
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

PLACES = {"number": 0, "name": "digits", "estimate_id": "x", "picture": "filters"}
"""What stands in paths beside the job's id."""

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def description(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


@pytest.fixture(scope="module")
def job(client: TestClient) -> str:
    return str(client.post(JOBS, json=SMALLEST).json()["links"]["self"])


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def test_head_answers_like_get_without_a_body(
    client: TestClient, description: dict[str, Any], job: str
) -> None:
    paths = [path for method, path, _ in _operations(description) if method == "GET"]
    filled = [path.format(job_id=job.rpartition("/")[2], **PLACES) for path in paths]
    for path in (*filled, "/", "/docs", "/openapi.json"):
        head = client.head(path)
        assert head.content == b"", path
        if path.endswith("/events"):  # GET would not end
            assert head.status_code == 200
            continue
        get = client.get(path)
        assert head.status_code == get.status_code, path
        assert head.headers.get("content-type") == get.headers.get("content-type"), path


def test_allow_is_complete(client: TestClient, description: dict[str, Any], job: str) -> None:
    taken: dict[str, set[str]] = {}
    for method, path, _ in _operations(description):
        taken.setdefault(path, set()).add(method)
    for path, methods in taken.items():
        real = path.format(job_id=job.rpartition("/")[2], **PLACES)
        answer = client.request("TRACE", real)
        assert answer.status_code == 405, path
        head = {"HEAD"} if "GET" in methods else set()
        assert set(answer.headers["allow"].split(", ")) == methods | head, path


def test_operation_ids_are_names_of_what_is_done(description: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in _operations(description)]
    assert max(Counter(ids).values()) == 1
    assert {"get_job", "submit_job", "list_jobs", "cancel_job", "clone_job"} <= set(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids), ids


def test_statuses_are_documented_one_by_one(description: dict[str, Any]) -> None:
    for method, path, operation in _operations(description):
        statuses = set(operation["responses"])
        assert all(re.fullmatch(r"[2-5]\d\d", status) for status in statuses), path
        assert {"403", "421", "422", "500", "503"} <= statuses, path
        assert ("404" in statuses) == ("{" in path)
        assert ("415" in statuses) == ("requestBody" in operation), (method, path)


def test_every_kind_of_event_has_a_schema(description: dict[str, Any]) -> None:
    assert set(EVENTS) == set(EventKind)
    stream = description["paths"][f"{JOBS}/{{job_id}}/events"]["get"]["responses"]["200"]
    event = stream["content"]["text/event-stream"]["schema"]
    assert set(event["properties"]["event"]["enum"]) == {kind.value for kind in EventKind}


def test_the_index_leads_everywhere(client: TestClient) -> None:
    for path in client.get("/api/v1").json().values():
        assert client.get(path).status_code in (200, 405), path


def test_a_chunked_body_is_a_body(client: TestClient, job: str) -> None:
    cloned = client.post(f"{job}/clone", content=iter([b'{"se', b'ed": 7}']), headers=JSON)
    assert (cloned.status_code, cloned.json()["spec"]["seed"]) == (201, 7)
    submitted = client.post(JOBS, content=iter([b'{"dataset": ', b'"digits"}']), headers=JSON)
    assert submitted.status_code == 201
    nothing = client.post(f"{job}/clone", content=iter([b""]))
    assert nothing.status_code == 201


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("limt=3", "limt", "`limit`"),
        ("Limit=3", "Limit", "`limit`"),
        ("stat=running", "stat", "`state`"),
        ("utm_source=x", "utm_source", None),
        ("limit=3&limit=4", "limit", None),
    ],
)
def test_unknown_query_parameters_are_refused(
    client: TestClient, query: str, field: str, hint: str | None
) -> None:
    answer = client.get(f"{JOBS}?{query}")
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert (hint or "") in error["message"]


@pytest.mark.parametrize("number", ["%203", "3%20", "3.0", "+3", "0_3", "03", "３", "1e1", ""])
def test_numbers_are_written_as_numbers(client: TestClient, job: str, number: str) -> None:
    assert client.get(f"{JOBS}?limit={number}").status_code == 422
    assert client.get(f"{job}/trials/{number}").status_code in ((422,) if number else (404,))


@pytest.mark.parametrize("path", [JOBS, "/docs", "/healthz", "/nowhere", "/dashboard", "/metrics"])
def test_every_answer_keeps_browsers_from_misusing_it(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "cache-control" in headers


def test_job_answers_are_not_kept_by_others(client: TestClient, job: str) -> None:
    assert client.get(JOBS).headers["cache-control"] == "no-store"
    assert client.get(job).headers["cache-control"] == "no-cache"


def test_refusals_have_the_headers_too(client: TestClient) -> None:
    answer = client.get(JOBS, headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_bug_is_counted(server: ServerInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(type(server.database), "read", bug)
        answer = server.client.get(JOBS)
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    series = 'hpsearch_request_seconds_count{method="GET",route="/api/v1/jobs",status="500"} 1.0'
    assert series in server.client.get("/metrics").text


def test_invented_methods_and_paths_are_one_series(server: ServerInProcess) -> None:
    before = len(server.client.get("/metrics").text.splitlines())
    for number in range(50):
        server.client.request(f"M{number}", JOBS)
        server.client.request(f"M{number}", "/dashboard")
        server.client.get(f"/nowhere/{number}")
    after = len(server.client.get("/metrics").text.splitlines())
    assert after - before < 100  # a handful of series
