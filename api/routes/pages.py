"""Pages for people. They load nothing from elsewhere: machines without a network have them too."""

from importlib import resources

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.paths import link

router = APIRouter(include_in_schema=False)

FOLDER = resources.files("api.pages")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
FILES = {
    file.name: file.read_bytes() for file in FOLDER.iterdir() if file.name.endswith(tuple(TYPES))
}
SAFE = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@router.get("/")
def index() -> RedirectResponse:
    return RedirectResponse(link("/docs"))


@router.get("/docs")
def docs() -> Response:
    """The HTTP interface, with forms to try it; made from /openapi.json in the browser."""
    return _file("docs.html")


@router.get("/docs/{name}")
def part(name: str) -> Response:
    return _file(name)


def _file(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404)
    kind = TYPES["." + name.rpartition(".")[2]]
    return Response(FILES[name], media_type=kind, headers=SAFE)
