"""Random specs: whatever comes, the answer is a job or a problem that names fields."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hpsearch.spec.submission import JobSubmission
from tests.unit.api.server_in_process import SMALLEST

NAMES = sorted(JobSubmission.model_fields)
WORDS = [
    "name",
    "type",
    "low",
    "high",
    "log",
    "step",
    "choices",
    "when",
    "count",
    "trials",
    "layers",
]
NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 100, 2**31, 2**53, 2**63, 10**300, 0.1, 0.5, -0.0, 5e-324, 1e308]
)
TEXTS = st.sampled_from(["", "digits", "lenet5", "sgd", "x" * 200, "☃", "../", "%00", "1e3"])
ATOMS = st.none() | st.booleans() | NUMBERS | TEXTS | st.integers() | st.floats(
    allow_nan=False, allow_infinity=False
)  # fmt: skip
JUNK = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS + NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
PARAMETERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["float", "int", "categorical"]) | JUNK},
    optional={
        "low": NUMBERS | JUNK,
        "high": NUMBERS | JUNK,
        "log": st.booleans() | JUNK,
        "step": NUMBERS | JUNK,
        "choices": st.lists(ATOMS, max_size=4) | JUNK,
        "when": st.dictionaries(st.sampled_from(NAMES), st.lists(ATOMS, max_size=2)) | JUNK,
    },
)
SPACES = st.dictionaries(
    st.sampled_from([*NAMES, "filters", "hidden_units", "layers.0.filters"]),
    PARAMETERS,
    max_size=3,
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=3)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=FIELDS, space=SPACES | st.none())
def test_a_random_spec_is_a_job_or_a_problem(
    client: TestClient, fields: dict[str, Any], space: dict[str, Any] | None
) -> None:
    spec = SMALLEST | fields | ({} if space is None else {"space": space})
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/v1/jobs", content=json.dumps(spec).encode(), headers=headers)
    body = answer.json()
    if answer.status_code == 201:
        assert client.get(body["links"]["self"]).json()["spec"] == body["spec"]
        cloned = client.post(f"{body['links']['self']}/clone")
        assert cloned.status_code == 201, (spec, cloned.text)
        assert cloned.json()["spec"] == body["spec"]
    else:
        assert answer.status_code in (400, 422), (spec, answer.text)
        assert answer.status_code == 400 or body["errors"], body


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", ""), ("POST", "/enqueue"), ("POST", "/clone")]
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.dictionaries(
        st.sampled_from(
            ["budget", "priority", "params", "space", "seed", "dataset", "learning_rate"]
        ),
        JUNK | st.dictionaries(st.sampled_from(["trials", "epochs", "learning_rate"]), JUNK),
        max_size=3,
    )
    | JUNK
)
def test_random_bodies_elsewhere(client: TestClient, method: str, path: str, body: Any) -> None:
    job = client.post("/api/v1/jobs", json=SMALLEST, headers={"Idempotency-Key": "fuzz"}).json()
    content = json.dumps(body).encode()
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    answer = client.request(
        method, f"{job['links']['self']}{path}", content=content, headers=headers
    )
    assert answer.status_code in (200, 201, 202, 400, 422), (body, answer.text)
    assert client.get(job["links"]["self"]).status_code == 200
