"""Every hostile body is answered as it must be: soon, small, and with the field named."""

import json
import time
from collections.abc import Sequence

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from harness.hostile_bodies import (
    HUGE,
    NEVER_A_NUMBER,
    NEVER_AN_OBJECT,
    HostileBody,
    hostile_bodies,
)
from tests.unit.api.server_in_process import SMALLEST

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}
BODIES: Sequence[HostileBody] = list(hostile_bodies())
REFUSED = [
    case
    for case in BODIES
    if case.status == 422
    and case.field not in (None, "dataset")
    and not (case.field or "").startswith("warm_start")  # neither takes it
]
CHANGES = [
    case
    for case in REFUSED
    if (case.field or "").startswith(("budget", "priority")) and not case.name.startswith("raw")
]
AT_MOST = 1.0  # seconds of processor time


def test_there_are_many() -> None:
    assert len(BODIES) >= 300
    assert len({case.body for case in BODIES}) == len(BODIES)


@pytest.mark.parametrize("case", BODIES, ids=[case.name[:60] for case in BODIES])
def test_a_hostile_body_is_refused(client: TestClient, case: HostileBody) -> None:
    began = time.process_time()
    answer = client.post(JOBS, content=case.body, headers=JSON)
    assert time.process_time() - began < AT_MOST
    _refused(answer, case)


def _refused(answer: Response, case: HostileBody) -> None:
    assert answer.status_code == case.status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 100_000
    problem = json.loads(answer.text, parse_constant=pytest.fail)
    if case.field is not None:
        named = [error["field"] for error in problem["errors"]]
        assert case.field in named, problem["errors"]


@pytest.fixture(scope="module")
def job(client: TestClient) -> str:
    return str(client.post(JOBS, json=SMALLEST).json()["links"]["self"])


@pytest.mark.parametrize("case", REFUSED, ids=[case.name[:60] for case in REFUSED])
def test_estimates_and_clones_refuse_it_too(
    client: TestClient, job: str, case: HostileBody
) -> None:
    _refused(client.post("/api/v1/estimates", content=case.body, headers=JSON), case)
    # A clone takes what is missing from its job, and null takes a field away.
    if not any(word in case.body for word in (b"null", b'{"high": 1}', b'{"low": 0.1}')):
        _refused(client.post(f"{job}/clone", content=case.body, headers=JSON), case)


@pytest.mark.parametrize("case", CHANGES, ids=[case.name[:60] for case in CHANGES])
def test_a_change_of_a_job_refuses_it_too(client: TestClient, job: str, case: HostileBody) -> None:
    assert case.field is not None
    name = case.field.partition(".")[0]
    text = case.body.decode()
    start = text.index(f'"{name}"')
    _refused(client.patch(job, content="{" + text[start:], headers=JSON), case)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        *((f'{{"params": {{"learning_rate": {value}}}}}', "params.learning_rate")
          for value in (*NEVER_A_NUMBER, HUGE, "-1", "1e4")),
        *((f'{{"params": {value}}}', "params") for value in NEVER_AN_OBJECT if value != "NaN"),
        ('{"params": {"nonsense": 1}}', "params.nonsense"),
        ('{"param": {}}', "param"),
        ('{"params": {"learning_rate": 0.1, "learning_rate": 0.2}}', None),
        ('{"params": {' + ", ".join(f'"a{n}": 1' for n in range(5000)) + "}}", None),
        ("[]", "body"),
        ("{", None),
    ],
)  # fmt: skip
def test_a_point_to_enqueue_is_refused(
    client: TestClient, job: str, params: str, field: str | None
) -> None:
    answer = client.post(f"{job}/enqueue", content=params, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert len(answer.content) < 100_000
    if field is not None and answer.status_code == 422:
        assert field in [error["field"] for error in answer.json()["errors"]]
