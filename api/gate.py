"""Who asks, by token, login or connection; and what each request needs."""

import logging
import os
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope as Asked

from api.failed_logins import FailedLogins
from api.paths import local_path
from api.peer import KEY as PEER
from api.settings import Settings
from hpsearch.access import ANYONE, LOCAL, Identity, Scope
from hpsearch.errors import InvalidSettings
from hpsearch.tokens import TokenFile

log = logging.getLogger(__name__)

API = "/api/v1"
OPEN = ("/healthz", "/login", "/login.css")
NEEDED: Mapping[tuple[str, str], Scope] = {
    ("GET", "/metrics"): Scope.METRICS,
    ("GET", f"{API}/audit"): Scope.ADMIN,
    ("POST", f"{API}/estimates"): Scope.READ,
    ("POST", "/logout"): Scope.METRICS,  # whoever is logged in may leave
}
"""What is not as its method says: GET needs `read`, all others need `submit`."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
COOKIE = "hpsearch-login"
TLS_COOKIE = "__Host-hpsearch-login"  # browsers take it over TLS only, and from this host only
MAX_SECRET = 200  # characters


def needed(method: str, path: str) -> Scope | None:
    """What a request needs; None for the few that are open to all."""
    if path in OPEN:
        return None
    method = "GET" if method == "HEAD" else method
    default = Scope.READ if method == "GET" else Scope.SUBMIT
    return NEEDED.get((method, path), default)


def cookie_name(scheme: str) -> str:
    return TLS_COOKIE if scheme == "https" else COOKIE


class WrongToken(Exception):
    """A token was shown, and it is not one, or one no longer."""


class Gate:
    """Recognises who asks.

    local: the user who runs the server needs no token on loopback. everybody: who whoever asks is,
    on a server without authentication.
    """

    def __init__(
        self, tokens: TokenFile, local: bool = False, everybody: Identity | None = None
    ) -> None:
        self.tokens = tokens
        self.failed = FailedLogins()
        self._local = local
        self._everybody = everybody

    def identify(self, asked: Asked) -> Identity | None:
        """Who asks; None if they say nothing of it. Raises WrongToken."""
        headers = Headers(scope=asked)
        given = headers.getlist("authorization")
        if given:
            return self._by_bearer(given)
        if self._everybody is not None:
            return self._everybody
        secret = session_secret(asked)
        identity = self.tokens.of_session(secret) if secret else None
        if identity is None and self._local and _is_own_user(asked, headers):
            return LOCAL
        return identity

    def still_knows(self, asked: Asked, identity: Identity) -> bool:
        """Whether an answer that lasts may go on: not after a revocation, an end or a logout.

        Who is known by the connection alone is known as long as it lasts.
        """
        if identity in (LOCAL, ANYONE):
            return True
        try:
            return self.identify(asked) == identity
        except WrongToken:
            return False

    def _by_bearer(self, given: list[str]) -> Identity:
        kind, _, secret = given[0].partition(" ")
        secret = secret.strip()
        if len(given) > 1 or kind.lower() != "bearer" or not 0 < len(secret) <= MAX_SECRET:
            raise WrongToken
        identity = self.tokens.identify(secret)
        if identity is None:
            raise WrongToken
        return identity


def gate_of(settings: Settings) -> Gate:
    """The gate of a server; raises InvalidSettings where nobody could pass, or everybody could."""
    tokens = TokenFile(settings.data_dir)
    if settings.insecure_no_auth:
        log.warning(
            "runs without authentication: whoever reaches %s may read, change and delete every "
            "job and data set, and use this machine's processors, disk and network",
            settings.host,
        )
        return Gate(tokens, everybody=ANYONE)
    alone = settings.on_loopback and not settings.trusted_proxies
    if not alone and not tokens.any_valid():
        reached = "others reach it" if not settings.on_loopback else "a proxy lets others in"
        raise InvalidSettings(
            f"no token is valid, and {reached} (host {settings.host}): create one with "
            f"`hpsearch token create NAME --scope admin --data-dir {settings.data_dir}`; "
            "or let everybody do everything with --insecure-no-auth"
        )
    return Gate(tokens, local=alone)


def session_secret(asked: Asked) -> str | None:
    """The secret of the login that a browser sends, if it sends one."""
    text = Headers(scope=asked).get("cookie")
    if text is None:
        return None
    try:
        found = SimpleCookie(text).get(cookie_name(asked["scheme"]))
    except CookieError:
        return None
    return found.value if found is not None and len(found.value) <= MAX_SECRET else None


def needed_by(asked: Asked) -> Scope | None:
    return needed(asked["method"], local_path(asked))


def client_address(asked: Asked) -> str:
    client = asked.get("client")
    return client[0] if client else ""


def _is_own_user(asked: Asked, headers: Headers) -> bool:
    """Whether it comes over loopback from the user who runs this server, and not by a proxy."""
    if any(name in headers for name in FORWARDED):
        return False
    peer = asked.get("state", {}).get(PEER)
    return peer is not None and peer.uid == os.getuid()


async def _identity(request: Request) -> Identity:
    identity: Identity = request.state.identity
    return identity


Asking = Annotated[Identity, Depends(_identity)]
"""Who asks; the middleware let no request through without."""
