"""From pydantic's validation errors to problems that name a field of the request."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hpsearch.errors import FieldProblem, InvalidSpec

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: object, prefix: str = "") -> Model:
    """Validate `data` as `model`; raises InvalidSpec with one problem per field at fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        told = [details for details in found if not _follows_from_another(details, found)]
        raise InvalidSpec([_problem(details, data, prefix) for details in told]) from None


def _follows_from_another(details: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """A list that is too short because its items were at fault is no fault of its own."""
    depth = len(details["loc"])
    return details["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == details["loc"] for other in found
    )


def _problem(details: ErrorDetails, data: object, prefix: str) -> FieldProblem:
    absent = details["type"] == "missing"
    path = _path(details["loc"], data, absent)
    field = ".".join(part for part in (prefix, *path) if part) or "body"
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = "is not a known field"
    if absent:
        return FieldProblem(field, "is required")
    return FieldProblem(field, message, details.get("input"), _allowed(details))


def _path(location: Sequence[int | str], data: object, absent: bool) -> list[str]:
    """The location without the tags that pydantic adds where a union was chosen."""
    path: list[str] = []
    here: Any = data
    for position, key in enumerate(location):
        last = position == len(location) - 1
        if isinstance(here, Mapping):
            if key not in here and not (last and absent):
                continue  # the tag of a union, not a key of the request
            here = here.get(key)
        elif isinstance(here, Sequence) and isinstance(key, int) and key < len(here):
            here = here[key]
        path.append(str(key))
    return path


def _allowed(details: ErrorDetails) -> str | None:
    context = details.get("ctx", {})
    bounds = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    words = [f"{word} {context[key]}" for key, word in bounds.items() if key in context]
    if "expected" in context:
        words.append(str(context["expected"]))
    return " and ".join(words) or None
