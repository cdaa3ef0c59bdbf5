"""Which methods a path takes: what 405 says in Allow, complete."""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Route


class Methods:
    """The methods of each path's pattern; HEAD goes with GET."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._patterns = [
            (route.path_regex, frozenset(route.methods or ()))
            for route in routes
            if isinstance(route, Route)
        ]

    def allowed(self, path: str) -> str:
        """The value of Allow for this path; empty where no route has it."""
        found = {
            method
            for pattern, methods in self._patterns
            if pattern.match(path)
            for method in methods
        }
        return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))
