"""What happens in a job, as it happens: server-sent events."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from api.gate import Asking, Gate
from api.openapi import event_stream
from api.parameters import JobId, LastEventId
from api.schemas.base import API
from api.services import ServicesOf

HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # a proxy that collects answers would keep the events
}

router = APIRouter(prefix=API, tags=["results"])


def _start(job_id: JobId, services: ServicesOf, last_event_id: LastEventId = None) -> int:
    """Where to begin. Answers 204, at which a browser stops asking, where nothing can follow."""
    job = services.jobs.get(job_id)
    if last_event_id and job.state.ended and last_event_id >= services.events.last_id(job_id):
        raise HTTPException(204)
    return last_event_id or 0


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": event_stream()},
        204: {"description": "the job has ended, and all its events were sent"},
    },
)
async def stream_events(
    job_id: JobId,
    services: ServicesOf,
    asking: Asking,
    request: Request,
    start: Annotated[int, Depends(_start)],
) -> StreamingResponse:
    """All events from the first, or after `Last-Event-ID`; ends when the job has ended.

    It ends, too, within seconds once the token or the login has.
    """
    gate: Gate = request.app.state.gate
    may_listen = partial(gate.still_knows, request.scope, asking)
    found = services.hub.stream(job_id, start, request.state.stopping, may_listen)
    return StreamingResponse(found, media_type="text/event-stream", headers=HEADERS)
