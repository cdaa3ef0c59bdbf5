"""Optuna's dashboard under a prefix: it knows its own paths as absolute ones, so they are replaced.

What is replaced is searched for in its page and its script; `tests/unit/api/test_root_path.py` says
when a new version of the dashboard writes them otherwise.
"""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE: Mapping[bytes, bytes] = {b'"/static/': b'"%s/static/'}
SCRIPT: Mapping[bytes, bytes] = {
    b'url_prefix:"/dashboard"': b'url_prefix:"%s/dashboard"',
    b"${this.baseURL}/api/": b"${this.baseURL}%s/api/",
    b"`/csv/": b"`%s/csv/",
}
SCRIPT_PATH = "/static/bundle.js"


class PrefixedDashboard:
    """The dashboard, with the paths in its page and its script moved under `root`."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced = SCRIPT if scope["path"] == SCRIPT_PATH else PAGE
        if replaced is PAGE and not scope["path"].startswith("/dashboard"):
            await self._app(scope, receive, send)
            return
        headers = MutableHeaders(raw=list(scope["headers"]))
        headers["accept-encoding"] = "identity"
        start: Message = {}
        body = bytearray()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            moved = bytes(body)
            for old, new in replaced.items():
                moved = moved.replace(old, new % self._root)
            given = MutableHeaders(raw=start.setdefault("headers", []))
            given["content-length"] = str(len(moved))
            await send(start)
            await send({"type": "http.response.body", "body": moved, "more_body": False})

        await self._app({**scope, "headers": headers.raw}, receive, sending)
