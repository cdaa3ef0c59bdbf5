"""Request bodies: read whole up to a limit, as strict JSON.

A request with a body computes: it holds a slot (see `api.heavy`) from when its body is there until
its route has returned, so that slow senders hold none.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.heavy import HeavyRequests, client_of
from hpsearch.spec import strict_json

MAX_BODY = 1_000_000  # bytes
SMALL = 20_000  # bytes that are parsed in less time than a thread takes to begin
JSON_TYPES = ("application/json", "application/merge-patch+json")


async def json_body(request: Request) -> AsyncIterator[object]:
    """The body's JSON value. Raises MalformedJson, InvalidSpec, or answers 413, 415 or 429."""
    heavy = _counted(request)
    body = await read_body(request)
    async with heavy.slot():
        yield await _value(request, body)


async def json_body_or_empty(request: Request) -> AsyncIterator[object]:
    """As json_body, and an empty object where no body came."""
    heavy = _counted(request)
    body = await read_body(request)
    async with heavy.slot():
        yield await _value(request, body) if body else {}


JsonBody = Annotated[object, Depends(json_body, scope="function")]
OptionalJsonBody = Annotated[object, Depends(json_body_or_empty, scope="function")]


def _counted(request: Request) -> HeavyRequests:
    heavy: HeavyRequests = request.app.state.services.heavy
    heavy.count(client_of(request))
    return heavy


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body; answers 413 if it is larger than `limit` bytes."""
    too_large = HTTPException(413, f"the body is larger than {limit} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > limit:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None  # nobody reads this
    return bytes(body)


async def _value(request: Request, body: bytes) -> object:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        # Also what keeps a foreign web page from posting here: a browser asks before it sends this.
        raise HTTPException(415, "send the body as JSON, with Content-Type: application/json")
    if len(body) <= SMALL:
        return strict_json.loads(body)
    return await run_in_threadpool(strict_json.loads, body)
