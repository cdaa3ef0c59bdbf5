"""The description of the HTTP interface for people: Swagger UI, from files that are installed."""

from importlib import resources

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import KINDS
from api.gate import Asking
from api.schemas.events import EVENTS
from api.web.event_facts import event_facts
from api.web.templating import SAFE, TYPES, page

router = APIRouter(include_in_schema=False)

FOLDER = resources.files("fastapi_offline").joinpath("static")
FILES = {
    name: FOLDER.joinpath(name).read_bytes() for name in ("swagger-ui-bundle.js", "swagger-ui.css")
}


POLICY = {
    **SAFE,
    "Content-Security-Policy": SAFE["Content-Security-Policy"] + "; img-src 'self' data:",
}
"""Swagger UI's arrows are images within its style sheet; that is all it needs beyond ours."""


@router.get("/docs")
def docs(asking: Asking) -> Response:
    """All calls with forms to try them, all events and all problems."""
    answer = page("docs.html", asking, problems=KINDS, events=event_facts(EVENTS))
    answer.headers.update(POLICY)
    return answer


@router.get("/docs/{name}")
def part(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in FILES:
        raise HTTPException(404)
    return Response(FILES[name], media_type=TYPES["." + name.rpartition(".")[2]], headers=SAFE)
