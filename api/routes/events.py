"""What happens in a job, as it happens: server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.parameters import JobId
from api.schemas.base import API
from api.services import Services, ServicesOf
from hpsearch.errors import DatabaseUnavailable
from hpsearch.jobs import Job
from storage.events import Event

BATCH = 500  # events read at once
LOOK_INTERVAL = 0.5  # seconds
MAX_EVENT_ID = 2**63 - 1

router = APIRouter(prefix=API, tags=["results"])


def _start(
    job_id: JobId,
    services: ServicesOf,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=MAX_EVENT_ID, description="go on after this event")
    ] = None,
) -> int:
    """Where to begin. Answers 204, at which a browser stops asking, where nothing can follow."""
    job = services.jobs.get(job_id)
    if last_event_id and job.state.ended and last_event_id >= services.events.last_id(job_id):
        raise HTTPException(204)
    return last_event_id or 0


@router.get(
    "/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    responses={204: {"description": "the job has ended, and all its events were sent"}},
)
async def events(
    job_id: JobId, services: ServicesOf, request: Request, start: Annotated[int, Depends(_start)]
) -> AsyncIterator[ServerSentEvent]:
    """All events from the first, or after `Last-Event-ID`; ends when the job has ended."""
    position = start
    while True:
        try:
            job, found = await run_in_threadpool(_look, services, job_id, position)
        except DatabaseUnavailable:
            job, found = None, []  # it comes back; the stream goes on where it was
        for event in found:
            yield _sent(event)
            position = event.id
        if job is not None and job.state.ended and len(found) < BATCH:
            return
        with anyio.move_on_after(0 if len(found) == BATCH else LOOK_INTERVAL):
            await request.state.stopping.wait()
            return


def _look(services: Services, job_id: str, position: int) -> tuple[Job, list[Event]]:
    """The job first: what it did until it ended is then among the events."""
    job = services.jobs.get(job_id)
    return job, services.events.after(job_id, position, BATCH)


def _sent(event: Event) -> ServerSentEvent:
    at = event.at.isoformat().replace("+00:00", "Z")
    return ServerSentEvent(
        id=str(event.id), event=event.kind.value, data={"at": at, **event.payload}
    )
