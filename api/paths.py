"""Paths under whatever prefix a reverse proxy serves this server (HPSEARCH_ROOT_PATH)."""

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

_root: ContextVar[str] = ContextVar("root_path", default="")


def link(path: str) -> str:
    """This path of the server as the client that is being answered reaches it."""
    return _root.get() + path


def local_path(scope: Scope) -> str:
    """The request's path without the prefix under which a proxy serves us."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and (path == root or path.startswith(root + "/")):
        return path[len(root) :] or "/"
    return path


class Prefix:
    """Lets `link` and the routes know the prefix while a request is answered.

    A proxy may hand paths on with the prefix or without it; both are found.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["root_path"] = self._root_path
        token = _root.set(self._root_path)
        try:
            await self._app(scope, receive, send)
        finally:
            _root.reset(token)
