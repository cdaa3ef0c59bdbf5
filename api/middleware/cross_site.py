"""Keeps pages of other sites out: they may link to our pages, and nothing else.

A browser sends what such a page asks for with the reader's network position (and, one day, with
the reader's cookies). It says so in two headers that pages cannot set: Origin and Sec-Fetch-Site.
Programs send neither.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem
from api.paths import local_path

FOREIGN = ("cross-site", "same-site")  # same-site: another port, or a neighbour's host name
PAGES = ("/docs", "/dashboard", "/jobs", "/compare", "/datasets", "/new")


class CrossSite:
    """Answers 403 to requests that another site's page made.

    A link that a person follows is allowed, to pages only: the API's GETs can cost seconds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = _refusal(scope)
            if refused is not None:
                await problem(scope["path"], 403, refused, "origin")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    origins = headers.getlist("origin")
    if len(origins) > 1:
        return "a request has one Origin"
    if origins and not _is_own(origins[0], headers.get("host", ""), scope["scheme"]):
        return f"a page of {origins[0]!r} may not use this server"
    if headers.get("sec-fetch-site") in FOREIGN and not _follows_link(scope, headers):
        return "a page of another site may not use this server"
    return None


def _is_own(origin: str, host: str, scheme: str) -> bool:
    """Plain HTTP may arrive as HTTPS at a proxy before us, never the other way round."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = ("https",) if scheme == "https" else ("http", "https")
    return parts.scheme in schemes and parts.netloc.lower() == host.lower()


def _follows_link(scope: Scope, headers: Headers) -> bool:
    path = local_path(scope)
    return (
        scope["method"] in ("GET", "HEAD")
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
        and (path == "/" or path.startswith(PAGES))
    )
