"""Request bodies: read whole up to a limit, as strict JSON."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from hpsearch.spec import strict_json

MAX_BODY = 1_000_000  # bytes
JSON_TYPES = ("application/json", "application/merge-patch+json")


async def _read(request: Request) -> bytes:
    too_large = HTTPException(413, f"the body is larger than {MAX_BODY} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared[:20]) > MAX_BODY:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise too_large
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None  # nobody reads this
    return bytes(body)


async def json_body(request: Request) -> object:
    """The body's JSON value. Raises MalformedJson, InvalidSpec, or answers 413 or 415."""
    return _value(request, await _read(request))


async def json_body_or_empty(request: Request) -> object:
    """As json_body, and an empty object where no body came."""
    body = await _read(request)
    return _value(request, body) if body else {}


def _value(request: Request, body: bytes) -> object:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        # Also what keeps a foreign web page from posting here: a browser asks before it sends this.
        raise HTTPException(415, "send the body as JSON, with Content-Type: application/json")
    return strict_json.loads(body)


JsonBody = Annotated[object, Depends(json_body)]
OptionalJsonBody = Annotated[object, Depends(json_body_or_empty)]
