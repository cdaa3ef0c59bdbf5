"""The first cohort of what is admitted is stored the same on both databases, up to the bounds."""

from collections.abc import Mapping
from typing import Any

import pytest

from hpsearch.history import Cohort, History
from hpsearch.search.plan import plan
from hpsearch.spec.search import parse_spec
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

LAYERS = {"network": {"layers": [{"type": "affine", "units": 3}] * 100}}
SPECS: Mapping[str, Mapping[str, Any]] = {
    "decimal steps": {"space": {"momentum": {"low": 0.1, "high": 0.3, "step": 0.1}}},
    "the finest step": {"space": {"weight_decay": {"low": 0.0, "high": 1.0, "step": 1e-9}}},
    "the widest range": {"space": {"clip_norm": {"low": 1e-12, "high": 1e12, "log": True}}},
    "the widest step": {"space": {"momentum": {"low": 0.1, "high": 0.2, "step": 1e12}}},
    "large steps": {"space": {"batch_size": {"type": "int", "low": 1, "high": 9, "step": 2**53}}},
    "null": {"space": {"clip_norm": {"choices": [None, 1, 5.5]}}},
    "choices": {"space": {"batch_size": {"choices": list(range(1, 1001))}}},
    "layers": {**LAYERS, "space": {"layers.99.units": {"type": "int", "low": 1, "high": 9}}},
    "budgets": {"budget": {"epochs": 1e9, "seconds": 1e8, "patience": 100_000}},
    "a name": {"name": "x" * 100, "seed": 2**53 - 1},
    "a condition": {
        "space": {
            "optimizer": {"choices": ["sgd", "momentum"]},
            "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["momentum"]}},
        }
    },
}


@pytest.mark.parametrize("name", SPECS)
def test_what_was_planned_comes_back_as_it_was(database: Database, name: str) -> None:
    spec = parse_spec({"dataset": "digits", "network": "lenet5", **SPECS[name]})
    records = SqlJobStore(database)
    job, _ = Jobs(database).create(spec)
    records.start(job.id, {})
    planned = plan(job.spec, History())
    assert isinstance(planned, Cohort)

    records.open_cohort(job.id, planned, seconds=0.0)

    history = records.history(job.id)
    assert records.job(job.id).spec == spec
    assert history.trials == planned.trials
    assert history.rounds == (planned.round,)
    assert [list(trial.params) for trial in history.trials] == [
        list(trial.params) for trial in planned.trials
    ]
