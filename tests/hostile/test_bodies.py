"""Every hostile body is answered as it must be: soon, small, and with the field named."""

import json
import time
from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from harness.hostile_bodies import HostileBody, hostile_bodies

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}
BODIES: Sequence[HostileBody] = list(hostile_bodies())
AT_MOST = 1.0  # seconds of processor time


def test_there_are_many() -> None:
    assert len(BODIES) >= 300
    assert len({case.body for case in BODIES}) == len(BODIES)


@pytest.mark.parametrize("case", BODIES, ids=[case.name[:60] for case in BODIES])
def test_a_hostile_body_is_refused(client: TestClient, case: HostileBody) -> None:
    began = time.process_time()
    answer = client.post(JOBS, content=case.body, headers=JSON)
    assert time.process_time() - began < AT_MOST
    assert answer.status_code == case.status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 100_000
    problem = json.loads(answer.text, parse_constant=pytest.fail)
    if case.field is not None:
        named = [error["field"] for error in problem["errors"]]
        assert case.field in named, problem["errors"]
