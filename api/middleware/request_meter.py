"""Times requests."""

import time

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMeter:
    """Times each request until its answer begins, as answers may be endless.

    All labels come from fixed sets: clients can invent methods and paths without end.
    """

    def __init__(self, app: ASGIApp, requests: Histogram) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                series = self._requests.labels(*_series(scope), message["status"])
                series.observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, sending)


def _series(scope: Scope) -> tuple[str, str]:
    """Method and pattern of the route, never the path: as many series as routes, not as jobs."""
    method = scope["method"] if scope["method"] in METHODS else "other"
    if "route" in scope:
        return method, scope["route"].path
    return (method, "dashboard") if "endpoint" in scope else ("any", "none")
