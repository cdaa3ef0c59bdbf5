"""Optuna's dashboard in our server, for reading only.

The dashboard has no notion of a reader: it takes writes from anybody, so nothing but GET and HEAD
gets through to it, and its connections to the database are opened for reading.
"""

import threading
from importlib import import_module

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

PATHS = (
    "/dashboard",
    "/dashboard/{rest:path}",
    "/static/{rest:path}",
    "/api/meta",
    "/api/studies",
    "/api/studies/{rest:path}",
    "/api/trials/{rest:path}",
    "/csv/{rest:path}",
    "/favicon.ico",
)
"""Its own paths, which are absolute: it can live nowhere but at the root."""
APPLICATION = "api.dashboard_app"
WARM_UP = 20.0  # seconds after the start, when what waits for the server has been served


class Dashboard:
    """The dashboard of this database, which must hold Optuna's tables already.

    Importing it takes longer than all the rest of a start, so that happens when it is first asked
    for, or by `warm_up`, whichever comes first.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._app: ASGIApp | None = None
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        return [Route(path, self, include_in_schema=False) for path in PATHS]

    def warm_up(self) -> threading.Timer:
        """Have it imported in a while, unless the timer is cancelled before."""
        timer = threading.Timer(WARM_UP, self._load)
        timer.daemon = True
        timer.start()
        return timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let GET and HEAD through; anything else is answered 403."""
        if scope["method"] not in ("GET", "HEAD"):
            detail = "the dashboard is for reading; use /api/v1 to change anything"
            answer = problem(scope["path"], 403, detail, "read-only")
            await answer(scope, receive, send)
            return
        if not scope["query_string"].isascii():
            answer = problem(scope["path"], 400, "the query string is not ASCII")
            await answer(scope, receive, send)
            return
        headers = MutableHeaders(raw=list(scope["headers"]))
        # The dashboard answers 500 where this header is missing.
        headers.setdefault("accept-encoding", "identity")
        app = await run_in_threadpool(self._load) if self._app is None else self._app
        await app({**scope, "headers": headers.raw}, receive, _safe(send))

    def _load(self) -> ASGIApp:
        with self._lock:
            if self._app is None:
                app: ASGIApp = import_module(APPLICATION).application(self._url)
                self._app = app
            return self._app


def _safe(send: Send) -> Send:
    """Keep browsers from taking an answer for something else than it says."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "SAMEORIGIN"
        await send(message)

    return sending
