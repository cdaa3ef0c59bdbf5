"""Lets a request through if who asks may do that.

What is not open needs somebody known, also where there is nothing: a path says nothing to others.
"""

import math
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem
from api.gate import Gate, WrongToken, client_address, needed_by
from api.paths import link, local_path

CHALLENGE = 'Bearer realm="hpsearch"'


class WhoAsks:
    """Answers 401 to who is not known, 403 to who may not, 429 to who keeps guessing.

    A browser that opens a page is sent to the login. The identity goes into the request's state.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = self._refusal(scope)
            if refused is not None:
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        needs = needed_by(scope)
        try:
            identity = self._gate.identify(scope)
        except WrongToken:
            if needs is not None:
                return self._wrong(scope)
            identity = None
        scope.setdefault("state", {})["identity"] = identity
        if needs is None:
            return None
        if identity is None:
            return _unknown(scope)
        if not identity.may(needs):
            detail = f"this needs a token of scope {needs}; {identity.name} has {identity.scope}"
            return problem(scope["path"], 403, detail, "scope")
        return None

    def _wrong(self, scope: Scope) -> Response:
        address = client_address(scope)
        seconds = self._gate.failed.wait(address)
        if seconds:
            return too_many_failures(scope["path"], seconds)
        self._gate.failed.note(address)
        detail = "the token is not valid: it is wrong, has expired or was revoked"
        challenge = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
        return problem(scope["path"], 401, detail, "token", headers=challenge)


def too_many_failures(path: str, seconds: float) -> Response:
    detail = "too many wrong tokens came from this address; try again later"
    return problem(path, 429, detail, "token", headers={"Retry-After": str(math.ceil(seconds))})


def _unknown(scope: Scope) -> Response:
    headers = Headers(scope=scope)
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        query = scope["query_string"].decode("ascii", "replace")
        wanted = local_path(scope) + (f"?{query}" if query else "")
        return RedirectResponse(link(f"/login?next={quote(wanted, safe='/')}"), 303)
    detail = "show a token: Authorization: Bearer …, or log in at /login"
    challenge = {"WWW-Authenticate": CHALLENGE}
    return problem(scope["path"], 401, detail, "token", headers=challenge)
