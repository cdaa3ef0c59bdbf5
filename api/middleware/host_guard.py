"""Under which name the server may be addressed.

A page of another site can make a browser send requests here under that site's own host name (DNS
rebinding); the Host header gives it away.
"""

from collections.abc import Set

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem


class HostGuard:
    """Answers 421 to a host name that is not ours, and to a request that has several.

    hosts: the names allowed, lower case, IPv6 in brackets; None allows any.
    """

    def __init__(self, app: ASGIApp, hosts: Set[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host") or [""]
            if len(given) > 1 or (self._hosts is not None and _name(given[0]) not in self._hosts):
                came = ", ".join(given)
                detail = f"not a name of this server: {came!r}; HPSEARCH_ALLOWED_HOSTS adds names"
                await problem(scope["path"], 421, detail, "host")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """The host name without its port."""
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    return (host[:end] if end > 0 else host).lower()
