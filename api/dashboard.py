"""Optuna's dashboard in our server, for reading only.

The dashboard has no notion of a reader: it takes writes from anybody, so nothing but GET and HEAD
gets through to it, and its connections to the database are opened for reading.
"""

from typing import Any, cast

import optuna_dashboard
from a2wsgi import WSGIMiddleware
from optuna.storages import BaseStorage, RDBStorage, get_storage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool
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
THREADS = 4


def routes(database_url: str) -> list[Route]:
    """Routes to the dashboard of this database, which must hold Optuna's tables already."""
    wsgi = optuna_dashboard.wsgi(_reading_storage(database_url))
    bridge = cast(ASGIApp, WSGIMiddleware(wsgi, workers=THREADS))  # its own types for the same
    gate = ReadOnly(bridge)
    return [Route(path, gate, include_in_schema=False) for path in PATHS]


class ReadOnly:
    """Lets GET and HEAD through; anything else is answered 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
        await self._app({**scope, "headers": headers.raw}, receive, _safe(send))


def _safe(send: Send) -> Send:
    """Keep browsers from taking an answer for something else than it says."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "SAMEORIGIN"
        await send(message)

    return sending


def _reading_storage(database_url: str) -> BaseStorage:
    url = make_url(database_url)
    # A connection for each transaction: one that lived on would outlast a restart of the database.
    options: dict[str, Any] = {"poolclass": NullPool}
    if url.get_backend_name() == "sqlite":
        url = _read_only_file(url)
    else:
        options["connect_args"] = {"options": "-c default_transaction_read_only=on"}
    storage = RDBStorage(
        url.render_as_string(hide_password=False),
        engine_kwargs=options,
        skip_table_creation=True,
    )
    return get_storage(storage)


def _read_only_file(url: URL) -> URL:
    """SQLite's own read-only mode: such a connection can neither write nor checkpoint."""
    return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
