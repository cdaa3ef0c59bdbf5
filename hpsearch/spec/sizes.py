"""Sizes of what was sent, before anything is made of it: no body costs more than it may."""

from collections.abc import Iterator, Mapping

from hpsearch.errors import FieldProblem
from hpsearch.spec.space import MAX_CHOICES

MAX_PARAMETERS = 50
MAX_NAME = 100
"""Characters."""
MAX_CHOICES_IN_ALL = 2_000
"""Choices and values of conditions of a whole space."""


def problems_of_size(data: object) -> Iterator[FieldProblem]:
    """What is too large in a search spec; its form is not looked at."""
    space = data.get("space") if isinstance(data, Mapping) else None
    if not isinstance(space, Mapping):
        return
    if len(space) > MAX_PARAMETERS:
        yield _too_many("space", len(space), f"{MAX_PARAMETERS} parameters at most")
        return
    total = 0
    for name, parameter in space.items():
        if len(name) > MAX_NAME:
            message = f"a name is longer than {MAX_NAME} characters"
            yield FieldProblem("space", message, name[:MAX_NAME] + "…")
            return
        for field, values in _lists(parameter):
            total += len(values)
            if len(values) > MAX_CHOICES:
                yield _too_many(f"space.{name}.{field}", len(values), f"{MAX_CHOICES} at most")
    if total > MAX_CHOICES_IN_ALL:
        allowed = f"{MAX_CHOICES_IN_ALL} choices and values of conditions in all"
        yield _too_many("space", total, allowed)


def _lists(parameter: object) -> Iterator[tuple[str, list[object]]]:
    if not isinstance(parameter, Mapping):
        return
    if isinstance(choices := parameter.get("choices"), list):
        yield "choices", choices
    if isinstance(when := parameter.get("when"), Mapping):
        yield "when", list(when)
        for parent, values in when.items():
            if isinstance(values, list):
                yield f"when.{parent[:MAX_NAME]}", values


def _too_many(field: str, count: int, allowed: str) -> FieldProblem:
    return FieldProblem(field, f"has {count} entries", count, allowed)
