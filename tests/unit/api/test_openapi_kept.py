"""docs/openapi.json is what clients were written against: what it promises stays.

After a change that only adds, write it anew by running these tests with HPSEARCH_WRITE_OPENAPI=1.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"

Node = dict[str, Any]

REFERENCE = re.compile(r"#/components/schemas/(\w+)")


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
    bodies, answers = _reached(old, "requestBody"), _reached(old, "responses")
    for name, schema in old["components"]["schemas"].items():
        other = new["components"]["schemas"].get(name)
        if other is None:
            yield f"{name} is gone"
            continue
        for field in set(schema.get("properties", {})) - set(other.get("properties", {})):
            yield f"{name}.{field} is gone"
        if name in answers:
            yield from _other_types(name, schema, other, answered=True)
        if name in bodies:
            yield from _other_types(name, schema, other, answered=False)
            for field in set(other.get("required", [])) - set(schema.get("required", [])):
                yield f"{name}.{field} is newly required"


def _reached(api: Node, part: str) -> set[str]:
    """The schemas that this part of any call refers to, and those that they refer to."""
    schemas = api["components"]["schemas"]
    found: set[str] = set()
    todo = [call.get(part) for calls in api["paths"].values() for call in calls.values()]
    while todo:
        names = set(REFERENCE.findall(json.dumps(todo.pop()))) - found
        found |= names
        todo += [schemas[name] for name in names]
    return found


def _other_types(name: str, old: Node, new: Node, answered: bool) -> Iterator[str]:
    """An answer may say less than it did, a body may take more than it did; not the other way."""
    fields = new.get("properties", {})
    for field, before in old.get("properties", {}).items():
        earlier, now = _types(before), _types(fields[field]) if field in fields else set()
        surprises = now - earlier if answered else (earlier - now if now else set())
        if surprises:
            verb = "may newly be" if answered else "may no longer be"
            yield f"{name}.{field} {verb} {', '.join(sorted(surprises))}"


def _types(schema: Node) -> set[str]:
    """What a value may be: types, names of schemas, and the values of an enumeration."""
    if "anyOf" in schema or "oneOf" in schema:
        return set().union(*(_types(each) for each in (schema.get("anyOf") or schema["oneOf"])))
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]}
    if "enum" in schema:
        return {str(value) for value in schema["enum"]}
    if "const" in schema:
        return {str(schema["const"])}
    if schema.get("type") == "array":
        return {f"list of {each}" for each in _types(schema.get("items", {})) or {"anything"}}
    return {schema["type"]} if isinstance(schema.get("type"), str) else set()


def test_nothing_that_clients_use_is_gone(now: Node) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert sorted(breaks(kept, now)) == []


def test_a_breaking_change_is_seen(now: Node) -> None:
    changed = json.loads(json.dumps(now))
    del changed["paths"]["/api/v1/jobs"]["post"]
    del changed["components"]["schemas"]["JobAnswer"]["properties"]["state"]
    changed["components"]["schemas"]["EnqueuedTrial"]["required"] = ["params", "more"]
    changed["components"]["schemas"]["JobAnswer"]["properties"]["labels"] = {"type": "string"}
    changed["components"]["schemas"]["TrialCounts"]["properties"]["running"] = {
        "anyOf": [{"type": "integer"}, {"type": "null"}]
    }
    optimizer = changed["components"]["schemas"]["JobSubmission"]["properties"]["optimizer"]
    optimizer["enum"].remove("sgd")
    assert sorted(breaks(now, changed)) == [
        "EnqueuedTrial.more is newly required",
        "JobAnswer.labels may newly be string",
        "JobAnswer.state is gone",
        "JobSubmission.optimizer may no longer be sgd",
        "TrialCounts.running may newly be null",
        "post /api/v1/jobs is gone",
    ]
