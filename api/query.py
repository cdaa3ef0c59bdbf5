"""Query parameters, strictly: an unknown name or a second value is refused, not ignored."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.problems import nearest


async def check_query(request: Request) -> None:
    """A dependency of every route; raises InvalidSpec that names each parameter at fault."""
    if not request.scope["query_string"]:
        return
    problems = list(_problems(request, list(_names(request.scope["route"].dependant))))
    if problems:
        raise InvalidSpec(problems)


def _problems(request: Request, known: list[str]) -> Iterator[FieldProblem]:
    for name in dict.fromkeys(request.query_params.keys()):
        values = request.query_params.getlist(name)
        if name not in known:
            allowed = ", ".join(known) or "none"
            yield FieldProblem(
                name, f"is not a query parameter here{nearest(name, known)}", values[0], allowed
            )
        elif len(values) > 1:
            yield FieldProblem(name, "comes more than once", values[1])


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
