"""docs/openapi.json is what clients were written against: what it promises stays.

After a change that only adds, write it anew by running these tests with HPSEARCH_WRITE_OPENAPI=1.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"

Node = dict[str, Any]


@pytest.fixture(scope="module")
def now(client: TestClient) -> Node:
    found: Node = client.get("/openapi.json").json()
    if os.environ.get("HPSEARCH_WRITE_OPENAPI"):
        KEPT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def breaks(old: Node, new: Node) -> Iterator[str]:
    """What a client of the old description would miss in the new one, or be newly asked for."""
    for path, calls in old["paths"].items():
        for method, call in calls.items():
            other = new["paths"].get(path, {}).get(method)
            if other is None:
                yield f"{method} {path} is gone"
                continue
            taken = {(each["in"], each["name"]): each for each in other.get("parameters", [])}
            known = {(each["in"], each["name"]) for each in call.get("parameters", [])}
            yield from (f"{method} {path}: {name} is gone" for name in sorted(known - set(taken)))
            for name, each in taken.items():
                if name not in known and each.get("required"):
                    yield f"{method} {path}: {name} is newly required"
            for status in set(call["responses"]) - set(other["responses"]):
                if status.startswith("2"):
                    yield f"{method} {path}: {status} is not answered any more"
    for name, schema in old["components"]["schemas"].items():
        other = new["components"]["schemas"].get(name)
        if other is None:
            yield f"{name} is gone"
            continue
        for field in set(schema.get("properties", {})) - set(other.get("properties", {})):
            yield f"{name}.{field} is gone"
        if not name.endswith(("Answer", "Event", "Page", "List")):
            for field in set(other.get("required", [])) - set(schema.get("required", [])):
                yield f"{name}.{field} is newly required"


def test_nothing_that_clients_use_is_gone(now: Node) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert sorted(breaks(kept, now)) == []


def test_a_breaking_change_is_seen(now: Node) -> None:
    changed = json.loads(json.dumps(now))
    del changed["paths"]["/api/v1/jobs"]["post"]
    del changed["components"]["schemas"]["JobAnswer"]["properties"]["state"]
    changed["components"]["schemas"]["EnqueuedTrial"]["required"] = ["params", "more"]
    assert sorted(breaks(now, changed)) == [
        "EnqueuedTrial.more is newly required",
        "JobAnswer.state is gone",
        "post /api/v1/jobs is gone",
    ]
