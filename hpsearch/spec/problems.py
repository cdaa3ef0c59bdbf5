"""From pydantic's validation errors to problems that name a field of the request."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hpsearch.errors import FieldProblem, InvalidSpec

MOST_TOLD = 100
"""Problems in one answer; whoever mends a hundred asks again."""

MAX_NAME = 100
"""Characters of a part of a field's name that are told."""

Model = TypeVar("Model", bound=BaseModel)

EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "none_required": "null",
}
"""By the kind of pydantic's error: what may stand here."""


def parse(model: type[Model], data: object, prefix: str = "") -> Model:
    """Validate `data` as `model`; raises InvalidSpec with one problem per field at fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidSpec(problems_of(error, model, data, prefix)) from None


def problems_of(
    error: ValidationError, model: type[BaseModel], data: object, prefix: str = ""
) -> list[FieldProblem]:
    """One problem for each field of `data` at fault as a `model`, at most MOST_TOLD."""
    by_field: dict[str, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        path = _path(details["loc"], data, absent=details["type"] == "missing")
        field = ".".join(part for part in (prefix, *path) if part) or "body"
        if field not in by_field and len(by_field) == MOST_TOLD:
            break
        by_field.setdefault(field, []).append(details)
    faulty = _parents(by_field)
    return [
        problem_of(field, found, model)
        for field, found in by_field.items()
        if not (found[0]["type"] == "too_short" and field in faulty)
    ]


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the known name that is most like this one, or nothing."""
    similar = difflib.get_close_matches(name[:100].lower(), list(known), n=1)
    return f"; did you mean `{similar[0]}`?" if similar else ""


def nearest_of_quoted(value: object, allowed: str | None) -> str:
    """The same for a word, from the words that `allowed` shows in quotes."""
    if not isinstance(value, str) or allowed is None:
        return ""
    return nearest(value, re.findall(r"'([a-z_0-9]+)'", allowed))


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _fields_at(model: type[BaseModel], place: Sequence[str]) -> set[str]:
    """The names of the fields of what may stand at a place inside the model."""
    models: set[type[BaseModel]] = {model}
    for name in place:
        fields = [each.model_fields[name] for each in models if name in each.model_fields]
        if fields:  # otherwise an index, a key, or the tag of a union
            models = {found for field in fields for found in _models(field.annotation)}
    return {name for each in models for name in each.model_fields}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _parents(fields: Iterable[str]) -> set[str]:
    """Every field that another one lies in."""
    found: set[str] = set()
    for field in fields:
        while "." in field:
            field = field.rpartition(".")[0]
            if field in found:
                break
            found.add(field)
    return found


def problem_of(
    field: str, found: Sequence[ErrorDetails], model: type[BaseModel] | None = None
) -> FieldProblem:
    """What is wrong with one field: each error is what one way of reading it found.

    model: what the field belongs to, for the nearest name of one that is not known.
    """
    first = found[0]
    got = first.get("input")
    if first["type"] == "missing":
        return FieldProblem(field, "is required")
    if first["type"] == "extra_forbidden":
        *place, name = map(str, first["loc"])
        hint = nearest(name, _fields_at(model, place)) if model else ""
        return FieldProblem(field, f"is not a known field{hint}", got)
    if first["type"] == "too_long":
        return FieldProblem(field, f"has more than {first['ctx']['max_length']} entries", None)
    if first["type"] == "string_too_long":
        return FieldProblem(field, f"is longer than {first['ctx']['max_length']} characters")
    if first["type"] == "string_pattern_mismatch":
        return FieldProblem(field, f"must match {first['ctx']['pattern']}", got)
    if first["type"] in ("too_short", "string_too_short"):
        return FieldProblem(field, "must not be empty", got)
    message, allowed = words_of(found)
    hint = nearest_of_quoted(first.get("ctx", {}).get("tag", got), allowed)
    return FieldProblem(field, f"{message}{hint}", got, allowed)


def words_of(found: Sequence[ErrorDetails]) -> tuple[str, str | None]:
    """What is wrong with a value and what is allowed, from the errors of each way to read it."""
    allowed = [words for details in found if (words := _allowed(details, len(found) > 1))]
    if not allowed:
        return found[0]["msg"].removeprefix("Value error, "), None
    words = one_of(list(dict.fromkeys(allowed)))
    return f"must be {words}", words


def _allowed(details: ErrorDetails, among_others: bool) -> str | None:
    context = details.get("ctx", {})
    if details["type"] in ("literal_error", "enum"):
        return str(context["expected"])
    if details["type"] == "out_of_bounds":
        return f"a number {context['allowed']}" if among_others else str(context["allowed"])
    if details["type"].startswith("union_tag"):
        tags = context.get("expected_tags")
        return f"an object with the type {tags}" if tags else "an object with a `type`"
    return EXPECTED.get(details["type"])


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
        elif isinstance(here, list | tuple):
            if not isinstance(key, int):
                continue
            here = here[key] if key < len(here) else None
        else:
            break  # a value without parts: what follows says how it was read
        path.append(str(key)[:MAX_NAME])
    return path
