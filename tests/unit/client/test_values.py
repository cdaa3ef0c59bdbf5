"""The types of answers name what the interface gives, and trials become rows."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from hpsearch.client import values

INTERFACE = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (values.Best, "BestAnswer"),
        (values.Job, "JobAnswer"),
        (values.Report, "ReportAnswer"),
        (values.Trial, "TrialAnswer"),
        (values.Round, "RoundAnswer"),
        (values.Digest, "DigestAnswer"),
        (values.Certificate, "CertificateAnswer"),
        (values.Dataset, "DatasetAnswer"),
        (values.Change, "JobChange"),
    ],
)
def test_a_type_has_the_fields_of_its_schema(kind: Any, schema: str) -> None:
    schemas = json.loads(INTERFACE.read_text())["components"]["schemas"]
    assert set(kind.__annotations__) == set(schemas[schema]["properties"])


def test_trials_as_rows() -> None:
    reports = [{"loss": 1.0, "accuracy": 0.5}, {"loss": None, "accuracy": None}]
    trial = dict.fromkeys(values.Trial.__annotations__) | {
        "number": 3,
        "reports": reports[:1],
        "params": {"learning_rate": 0.1},
        "why": {"source": "explore"},
    }
    diverged = trial | {"number": 4, "reports": reports}
    waiting = trial | {"number": 5, "reports": []}
    rows = values.rows_of([cast(values.Trial, each) for each in (trial, diverged, waiting)])
    assert rows[0]["params.learning_rate"] == 0.1
    assert [row["loss"] for row in rows] == [1.0, None, None]
    assert len({tuple(row) for row in rows}) == 1
