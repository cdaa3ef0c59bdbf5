"""Under which name the server may be addressed.

A page of another site can make a browser send requests here under that site's own host name (DNS
rebinding); the Host header gives it away.
"""

import ipaddress
from collections.abc import Set

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem


class HostGuard:
    """Answers 421 to a host name that is not ours, and to a request that has several.

    hosts: the names allowed, lower case, IPv6 in brackets. The address that the connection came to
    is ours, too: pages of other sites can make names point here, but not change what an address is.
    """

    def __init__(self, app: ASGIApp, hosts: Set[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).getlist("host") or [""]
            if len(given) > 1 or not self._is_ours(_name(given[0]), scope):
                came = ", ".join(given)
                detail = f"not a name of this server: {came!r}; HPSEARCH_ALLOWED_HOSTS adds names"
                await problem(scope["path"], 421, detail, "host")(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, name: str, scope: Scope) -> bool:
        if name in self._hosts:
            return True
        address = (scope.get("server") or ("", None))[0]
        return _is_address(address) and name == (f"[{address}]" if ":" in address else address)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """The host name without its port."""
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    return (host[:end] if end > 0 else host).lower()
