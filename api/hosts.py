"""Who may address the server: a guard against web pages that reach for a service on loopback.

A page of another site can make a browser send requests here, under its own host name (DNS
rebinding) or from its own origin. Both give themselves away in a header.
"""

from collections.abc import Set
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem

READING = ("GET", "HEAD", "OPTIONS")


class HostGuard:
    """Answers 421 to a host name that is not ours, 403 to a write from a foreign origin.

    hosts: the names allowed, lower case, IPv6 in brackets; None allows any.
    """

    def __init__(self, app: ASGIApp, hosts: Set[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            detail = f"this server is not addressed as {host!r}; HPSEARCH_ALLOWED_HOSTS adds names"
            await problem(scope["path"], 421, detail, "host")(scope, receive, send)
            return
        origin = headers.get("origin")
        if scope["method"] not in READING and origin is not None and _netloc(origin) != host:
            detail = f"a page of {origin!r} may not write here"
            await problem(scope["path"], 403, detail, "origin")(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """The host name without its port."""
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    return (host[:end] if end > 0 else host).lower()


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
