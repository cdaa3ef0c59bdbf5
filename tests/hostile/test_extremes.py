"""Numbers at, beside and far beyond their bounds, in every place that takes one.

What is accepted can be looked at, planned and cloned; what is refused is refused with the field.
HPSEARCH_FUZZ_EXAMPLES sets how many cases there are (`make fuzz`: 10,000).
"""

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hpsearch.history import History
from hpsearch.search.plan import plan
from hpsearch.spec.search import parse_spec

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}
EXAMPLES = int(os.environ.get("HPSEARCH_FUZZ_EXAMPLES", "100"))
PARTS = 3  # tests that share them

WHOLE = st.sampled_from(
    [0, 1, -1, 2, 3, 20, 99, 100, 101, 1000, 1001, 10_000, 100_000, 100_001, 2**31, 2**53]
)
REAL = st.sampled_from(
    [
        *(0.0, -0.0, 5e-324, 1e-300, 1e-13, 1e-12, 1e-9, 1e-3, 0.1, 0.3, 0.5, 0.999999999, 1.0),
        *(1.0000001, 2.5, 3.0, 100.0, 999.9, 1e3, 1e6, 1e8, 1e9, 1e12, 1.1e12, 1e300, 1.7e308),
        *(-1e-12, -1.0, -1e12, -1e300),
    ]
)
ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, False, "1", "", [], {}, 10**400, 2**63])
NUMBER = WHOLE | REAL | st.integers(-5, 200) | st.floats(-2, 200, allow_nan=False)
ANY = NUMBER | ODD

BUDGET = st.dictionaries(
    st.sampled_from(["trials", "epochs", "seconds", "target", "patience", "failures"]),
    ANY,
    min_size=1,
    max_size=3,
)
PRUNERS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["none", "median", "percentile", "successive_halving", "hyperband", "threshold"]
        )
    },
    optional=dict.fromkeys(
        [
            *("startup_trials", "warm_up", "percentile", "reduction_factor"),
            *("lower", "upper", "patience"),
        ],
        ANY,
    ),
)
NAMES = st.sampled_from(
    [
        *("learning_rate", "weight_decay", "momentum", "epsilon", "clip_norm", "batch_size"),
        *("schedule_factor", "schedule_steps", "warm_up", "filters", "hidden_units"),
    ]
)
RANGES = st.fixed_dictionaries(
    {"low": NUMBER, "high": NUMBER},
    optional={
        "log": st.booleans() | ODD,
        "step": ANY,
        "type": st.sampled_from(["int", "float", "categorical", "x"]),
    },
)
CHOICES = st.fixed_dictionaries(
    {"type": st.just("categorical"), "choices": st.lists(ANY, max_size=4)}
)
SPACE = st.dictionaries(NAMES, RANGES | CHOICES, max_size=3)
SPECS = st.fixed_dictionaries(
    {"dataset": st.just("digits"), "network": st.sampled_from(["lenet5", "mlp"])},
    optional={
        "space": SPACE,
        "budget": BUDGET,
        "pruner": PRUNERS,
        "epochs": ANY,
        "cohort": ANY,
        "seed": ANY,
        "priority": ANY,
        "rounds": st.dictionaries(st.sampled_from(["count", "keep", "explore"]), ANY, max_size=2),
        "sampler": st.fixed_dictionaries(
            {"name": st.sampled_from(["tpe", "random", "qmc"])}, optional={"startup_trials": ANY}
        ),
    },
)
CHANGES = st.fixed_dictionaries({}, optional={"budget": BUDGET | ODD, "priority": ANY})
ENQUEUED = st.fixed_dictionaries({"params": st.dictionaries(NAMES, ANY, max_size=3)})

fuzzed = settings(
    max_examples=max(1, EXAMPLES // PARTS),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _send(client: TestClient, method: str, path: str, body: object) -> Any:
    return client.request(method, path, content=json.dumps(body).encode(), headers=JSON)


def _refused(answer: Any, body: object) -> None:
    assert answer.status_code == 422, (body, answer.text)
    assert all(error["field"] for error in answer.json()["errors"]), answer.text


@fuzzed
@given(spec=SPECS)
def test_a_search_of_extremes_is_planned_or_refused(client: TestClient, spec: Any) -> None:
    answer = _send(client, "POST", JOBS, spec)
    if answer.status_code != 201:
        _refused(answer, spec)
        return
    job = answer.json()
    assert client.get(job["links"]["self"]).json()["spec"] == job["spec"]
    assert client.post(f"{job['links']['self']}/clone").status_code == 201
    plan(parse_spec(job["spec"]), History())


@fuzzed
@given(change=CHANGES)
def test_a_change_to_extremes_is_made_or_refused(client: TestClient, change: Any) -> None:
    job = _send(client, "POST", JOBS, {"dataset": "digits", "network": "lenet5"}).json()
    answer = _send(client, "PATCH", job["links"]["self"], change)
    if answer.status_code != 200:
        _refused(answer, change)
    found = client.get(job["links"]["self"]).json()
    assert plan(parse_spec(found["spec"]), History()) is not None


@fuzzed
@given(wanted=ENQUEUED)
def test_an_enqueued_trial_of_extremes_is_taken_or_refused(client: TestClient, wanted: Any) -> None:
    spec = {
        "dataset": "digits",
        "network": "lenet5",
        "space": {
            "learning_rate": {"low": 1e-3, "high": 1e3, "log": True},
            "batch_size": {"type": "int", "low": 16, "high": 128, "step": 16},
        },
    }
    headers = {**JSON, "Idempotency-Key": "extremes"}
    job = client.post(JOBS, content=json.dumps(spec).encode(), headers=headers).json()
    answer = _send(client, "POST", f"{job['links']['self']}/enqueue", wanted)
    if answer.status_code != 202:
        assert answer.status_code in (409, 422), (wanted, answer.text)
