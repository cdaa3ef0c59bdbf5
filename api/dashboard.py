"""Optuna's dashboard in our server, for reading only, behind a gate.

It has no notion of a reader: it takes writes from anybody, so nothing but GET and HEAD gets
through to it, and its connections to the database are opened for reading. Its errors are answered
by us, none of them as an error of the server.
"""

import asyncio
import gc
import sys
import threading

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import dashboard_requests
from api.dashboard_instances import IDLE, Instances
from api.dashboard_prefix import PrefixedDashboard
from api.errors import problem
from api.heavy import HeavyRequests, client_of
from api.paths import local_path
from storage.database import Database
from storage.studies import Studies

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
WARM_UP = 20.0  # seconds after the start, when what waits for the server has been served
MAX_TRIALS = 20_000  # of a study that is shown: its page holds all of them


class Dashboard:
    """The dashboard of this database, which must hold Optuna's tables already.

    Importing it takes longer than all the rest of a start, so that happens when it is first asked
    for, or by `warm_up`, whichever comes first.
    """

    def __init__(self, database: Database, heavy: HeavyRequests, root_path: str = "") -> None:
        self._root_path = root_path
        self._heavy = heavy
        self._url = database.url
        self._studies = Studies(database)
        self._instances = Instances(self._make)
        self._idle: asyncio.TimerHandle | None = None

    def routes(self) -> list[Route]:
        return [Route(path, self, include_in_schema=False) for path in PATHS]

    def warm_up(self) -> threading.Timer:
        """Have it imported in a while, unless the timer is cancelled before."""
        timer = threading.Timer(WARM_UP, self._instances.get)
        timer.daemon = True
        timer.start()
        return timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let what the dashboard can answer through; the rest is answered here."""
        if scope["method"] not in ("GET", "HEAD"):
            detail = "the dashboard is for reading; use /api/v1 to change anything"
            answer = problem(scope["path"], 403, detail, "read-only")
            await answer(scope, receive, send)
            return
        query = scope["query_string"].decode("ascii", "backslashreplace")
        study_id = dashboard_requests.check(local_path(scope), query)
        if study_id is None:
            await self._answer(await run_in_threadpool(self._instances.get), scope, receive, send)
            return
        self._heavy.count(client_of(Request(scope)))
        async with self._heavy.slot():
            app = await run_in_threadpool(self._instance, study_id)
            await self._answer(app, scope, receive, send)

    async def _answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._expect_idleness()
        headers = MutableHeaders(raw=list(scope["headers"]))
        # The dashboard answers 500 where this header is missing.
        headers.setdefault("accept-encoding", "identity")
        inner = {**scope, "path": local_path(scope), "root_path": "", "headers": headers.raw}
        await app(inner, receive, _Gate(scope, receive, send).sending)

    def _instance(self, study_id: int) -> ASGIApp:
        """In a thread: the dashboard, if it may show the study; raises an HTTPException if not."""
        study = self._studies.find(study_id)
        if study is None:
            raise HTTPException(404, f"there is no study {study_id}")
        if study.trials > MAX_TRIALS:
            raise HTTPException(
                422,
                f"the dashboard shows studies of up to {MAX_TRIALS} trials, this one has "
                f"{study.trials}; /api/v1 gives them in pages",
            )
        return self._instances.get(study_id, study)

    def _make(self) -> ASGIApp:
        first = "api.dashboard_app" not in sys.modules
        from api.dashboard_app import application  # noqa: PLC0415 - takes seconds

        if first:
            gc.freeze()  # as at the start of the server: see hpsearch.cli.server
        made = application(self._url)
        return PrefixedDashboard(made, self._root_path) if self._root_path else made

    def _expect_idleness(self) -> None:
        """Have the caches dropped once nobody has asked for a while."""
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
        self._idle = loop.call_later(IDLE, lambda: loop.run_in_executor(None, self._instances.drop))


class _Gate:
    """Lets an answer out; one that is an error is replaced by a problem."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._replaced = False

    async def sending(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            status = message["status"]
            if status >= 400:
                self._replaced = True
                await self._say(404 if status == 404 else 422)
                return
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Frame-Options"] = "SAMEORIGIN"
            if "content-security-policy" in headers:
                headers["Content-Security-Policy"] += ";frame-ancestors 'self'"
        await self._send(message)

    async def _say(self, status: int) -> None:
        detail = "the dashboard has nothing here" if status == 404 else "it cannot be shown"
        answer = problem(self._scope["path"], status, detail)
        await answer(self._scope, self._receive, self._send)
