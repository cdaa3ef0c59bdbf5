"""The Grafana dashboard and the alerts of docs/monitoring ask for series that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

MONITORING = Path(__file__).parents[3] / "docs" / "monitoring"
LABELS = {
    "hpsearch_jobs": {"state"},
    "hpsearch_trials": {"outcome"},
    "hpsearch_request_seconds": {"method", "route", "status"},
    "hpsearch_database_seconds": {"call"},
}


def _grafana() -> list[str]:
    panels: list[Any] = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def _alerts() -> list[str]:
    groups: list[Any] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("query", [*_grafana(), *_alerts()])
def test_every_query_asks_for_series_that_there_are(client: TestClient, query: str) -> None:
    families = text_string_to_metric_families(client.get("/metrics").text)
    known = {family.name for family in families}
    asked = re.findall(r"hpsearch_\w+", query)
    series = {re.sub("_(total|bucket|count)$", "", name) for name in asked}
    assert series
    assert series <= known
    labels = {"le"}.union(*(LABELS.get(name, set()) for name in series))
    for by in re.findall(r"by \(([^)]*)\)", query):
        assert set(by.split(", ")) <= labels
