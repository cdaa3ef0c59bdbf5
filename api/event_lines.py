"""An event as it is sent: a few lines of text (server-sent events)."""

import json
from typing import Any

from api.schemas.base import finite
from storage.events import Event

MAY_DIVERGE = ("value", "loss")


def encoded(event: Event) -> bytes:
    """The event's lines; its stored JSON goes in as it is, with the time before it."""
    at = event.at.isoformat().replace("+00:00", "Z")
    payload = event.payload if "inf" not in event.payload else _without_infinity(event.payload)
    rest = f", {payload[1:]}" if payload != "{}" else "}"
    return f'id: {event.id}\nevent: {event.kind.value}\ndata: {{"at": "{at}"{rest}\n\n'.encode()


def _without_infinity(payload: str) -> str:
    """JSON has no infinity, so storage writes it as text; an answer says null."""
    data: dict[str, Any] = json.loads(payload)
    for name in MAY_DIVERGE:
        if isinstance(data.get(name), str):
            data[name] = finite(float(data[name]))
    return json.dumps(data)
