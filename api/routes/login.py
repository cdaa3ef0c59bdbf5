"""Logging in and out, for people with a browser."""

import math
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.gate import MAX_SECRET, Gate, client_address, cookie_name, session_secret
from api.paths import link
from api.web.templating import SAFE, STATIC, render
from hpsearch.access import Identity
from hpsearch.tokens import SESSION_LIFETIME

router = APIRouter(include_in_schema=False)

MAX_FORM = 4096  # bytes
MAX_NEXT = 1000  # characters
UNKEPT = {**SAFE, "Cache-Control": "no-store"}
WRONG = "This token is not valid: it is wrong, has expired or was revoked."


@router.get("/login")
def show_login(request: Request) -> Response:
    wanted = local_target(request.query_params.get("next", ""))
    return _page(wanted, identity=request.state.identity)


@router.get("/login.css")
def login_style() -> Response:
    """That of the pages, which are not open to all."""
    headers = {"Cache-Control": "no-cache"}
    return Response(STATIC["style.css"], media_type="text/css", headers=headers)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Trade a token for a cookie; the token itself is not kept in the browser."""
    form = parse_qs((await _form(request)).decode("utf-8", "replace"), max_num_fields=10)
    secret = form.get("token", [""])[0].strip()
    wanted = local_target(form.get("next", [""])[0])
    gate: Gate = request.app.state.gate
    address = client_address(request.scope)
    seconds = gate.failed.wait(address)
    if seconds:
        said = "Too many wrong tokens came from this address; try again later."
        retry = {"Retry-After": str(math.ceil(seconds))}
        return _page(wanted, said, 429, retry)
    found = await run_in_threadpool(gate.tokens.log_in, secret) if _fits(secret) else None
    if found is None:
        gate.failed.note(address)
        return _page(wanted, WRONG, 401)
    request.state.identity = found[1]
    answer = RedirectResponse(link(wanted), 303)
    _set_cookie(request, answer, found[0], int(SESSION_LIFETIME.total_seconds()))
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    secret = session_secret(request.scope)
    gate: Gate = request.app.state.gate
    if secret is not None:
        await run_in_threadpool(gate.tokens.log_out, secret)
    answer = RedirectResponse(link("/login"), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    _set_cookie(request, answer, "", 0)
    return answer


def local_target(wanted: str) -> str:
    """A path of this server to go on to; `/` for what is none."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    if not plain or len(wanted) > MAX_NEXT or parts.scheme or parts.netloc:
        return "/"
    return wanted if wanted.startswith("/") and not wanted.startswith("//") else "/"


def _set_cookie(request: Request, answer: Response, secret: str, seconds: int) -> None:
    answer.set_cookie(
        cookie_name(request.url.scheme),
        secret,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _page(
    wanted: str,
    said: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
    identity: Identity | None = None,
) -> Response:
    content = render("login.html", wanted=wanted, said=said, identity=identity)
    return HTMLResponse(content, status, {**UNKEPT, **(headers or {})})


def _fits(secret: str) -> bool:
    return 0 < len(secret) <= MAX_SECRET


async def _form(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM:
                raise HTTPException(413, f"the form is larger than {MAX_FORM} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the form ended early") from None  # nobody reads this
    return bytes(body)
