"""Requests that nobody sends by accident: each a clear problem, never a 500."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.json_body import MAX_BODY

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}


def _post(client: TestClient, body: str | bytes, **headers: str) -> Any:
    return client.post(JOBS, content=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ('{"dataset": "digits", "epochs": NaN}', 422, "epochs"),
        ('{"dataset": "digits", "epochs": Infinity}', 422, "epochs"),
        ('{"dataset": "digits", "epochs": -Infinity}', 422, "epochs"),
        ('{"dataset": "digits", "epochs": 1e400}', 422, "epochs"),
        ('{"dataset": "digits", "space": {"x": {"low": 0, "high": -1e400}}}', 422, "space.x.high"),
        ('{"dataset": "digits", "dataset": "mnist"}', 422, "dataset"),
        ('{"dataset": "digits", "name": "\\ud800"}', 422, "name"),
        ('{"dataset": "digits", "name": "a\\u0000"}', 422, "name"),
        ('{"dataset": "digits", "seed": 9223372036854775808}', 422, "seed"),
        ('{"dataset": "digits", "seed": ' + "9" * 5000 + "}", 422, "seed"),
        ('{"dataset": "digits", "\\ud800": 1}', 422, "body"),
        ('{"dataset": "digits", "warm_start": ["\\ud800"]}', 422, "warm_start.0"),
        ('{"dataset": "digits", "warm_start": ["a", "b", "c", "d", "e", "f"]}', 422, "warm_start"),
        ('{"dataset": "digits", "priority": -1}', 422, "priority"),
        ('{"dataset": {"name": "../../etc/passwd"}}', 422, "dataset.name"),
        ("[]", 422, "body"),
        ("null", 422, "body"),
        ("3", 422, "body"),
        ('"digits"', 422, "body"),
        ("", 400, None),
        ("{", 400, None),
        ("{'dataset': 'digits'}", 400, None),
        ("[" * 100_000, 400, None),
        ("{" * 40 + "}" * 40, 400, None),
        (b"\xff\xfe{}", 400, None),
        (b'{"a": ' * 50 + b"1" + b"}" * 50, 400, None),
    ],
)
def test_odd_bodies(client: TestClient, body: str | bytes, status: int, field: str | None) -> None:
    answer = _post(client, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.text, parse_constant=pytest.fail)
    assert problem["status"] == status
    assert problem["instance"] == JOBS
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]]


def test_large_bodies(client: TestClient) -> None:
    assert _post(client, b" " * (MAX_BODY + 1)).status_code == 413
    chunks = (b" " * 100_000 for _ in range(11))
    assert client.post(JOBS, content=chunks, headers=JSON).status_code == 413
    assert _post(client, b" " * (MAX_BODY - 2) + b"{}").status_code == 422


def test_many_problems_make_a_bounded_answer(client: TestClient) -> None:
    body = json.dumps({"dataset": "digits", **{"x" * 300 + str(i): "y" * 999 for i in range(700)}})
    answer = _post(client, body)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= 100
    assert len(answer.content) < 100_000


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_other_content_types(client: TestClient, kind: str) -> None:
    answer = client.post(JOBS, content=b'{"dataset": "digits"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


def test_charset_beside_the_type_is_fine(client: TestClient) -> None:
    answer = _post(
        client, b'{"dataset": "digits"}', **{"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/jobs/", 404),
        ("GET", "/api/v1/estimates", 405),
        ("POST", "/api/v1/estimates", 415),
        ("GET", "/api/v1/jobs/x/certificate", 404),
        ("DELETE", "/api/v1/jobs", 405),
        ("PUT", "/api/v1/jobs/x", 405),
        ("GET", "/api/v1/jobs/x/cancel", 405),
        ("POST", "/healthz", 405),
        ("POST", "/docs", 405),
        ("GET", "/docs/../settings.py", 404),
        ("GET", "/docs/%2e%2e%2fsettings.py", 404),
        ("GET", "/api/v1/datasets/nothing", 404),
        ("GET", "/api/v1/jobs?state=lost", 422),
        ("GET", "/api/v1/jobs?limit=-1", 422),
        ("GET", "/api/v1/jobs?after=%ED%A0%80", 422),
        ("GET", "/api/v1/jobs?after=%00", 422),
        ("TRACE", "/api/v1/jobs", 405),
    ],
)
def test_other_ways_to_fail_are_problems_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
