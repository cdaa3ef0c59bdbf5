"""Paths as routes know them, whatever prefix a reverse proxy adds."""

from starlette.types import Scope


def local_path(scope: Scope) -> str:
    """The request's path without the prefix under which a proxy serves us."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and (path == root or path.startswith(root + "/")):
        return path[len(root) :] or "/"
    return path
