"""What can happen in a job, as a table for people: from the schemas of the events."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def event_facts(
    events: Mapping[Any, type[BaseModel]],
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Of each kind: its name, when it is sent, and its fields with their types."""
    return [
        (kind.value, (model.__doc__ or "").strip(), list(_fields(model)))
        for kind, model in events.items()
    ]


def _fields(model: type[BaseModel]) -> list[tuple[str, str]]:
    properties = model.model_json_schema(mode="serialization")["properties"]
    return [(name, _type(facts)) for name, facts in properties.items()]


def _type(schema: Mapping[str, Any]) -> str:
    """In words: `number or null`, `list of string`."""
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "any value")
