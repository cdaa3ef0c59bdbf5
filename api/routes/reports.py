"""A job as one page to keep, with the winner in it."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from api.heavy import client_of
from api.parameters import JobId
from api.routes.digest import digest_of
from api.routes.models import IN_TRAINING, in_progress, trained, winner
from api.schemas.base import API
from api.services import Services, ServicesOf
from api.web.job_page import MOST_DRAWN, job_page
from api.web.report import POLICY, Winner, report, same_data
from hpsearch.datasets.values import Dataset
from hpsearch.errors import DatasetError, EngineUnavailable, HpsearchError, ModelsBusy
from hpsearch.jobs import Job
from storage.job_pages import JobSheet

router = APIRouter(prefix=f"{API}/jobs/{{job_id}}", tags=["results"])

RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"description": "the page", "content": {"text/html": {"schema": {"type": "string"}}}},
    202: IN_TRAINING,
}


@router.get("/report.html", response_class=Response, responses=RESPONSES)
async def get_report(
    request: Request,
    job_id: JobId,
    services: ServicesOf,
    accept: Literal["different"] | None = None,
) -> Response:
    """One page that needs no server and no network: pictures, rounds, reasons, certificate, spec,
    hashes, and the winner itself, which answers to what is drawn or dropped.

    The winner is trained again for it, as for its model. `accept=different` also takes one that
    did not come out as recorded.
    """
    services.heavy.count(client_of(request))
    sheet = await run_in_threadpool(services.pages.read, job_id, MOST_DRAWN)
    found = await _winner(request, services, sheet.view.job, accept is not None)
    if isinstance(found, Response):
        return found
    content = await run_in_threadpool(_page, services, sheet, found)
    return HTMLResponse(
        content, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    )


async def _winner(
    request: Request, services: Services, job: Job, different: bool
) -> Winner | Response:
    """The winner; why there is none; or that it is under way."""
    if not job.state.ended:
        return Winner(without="the search has not ended")
    number = None
    try:
        job, trial = await run_in_threadpool(winner, services, job.id)
        number = trial.number
        training = await trained(services, job, trial)
    except (ModelsBusy, EngineUnavailable):
        raise
    except HpsearchError as error:
        return Winner(number, without=str(error))
    if training.made is None:
        query = f"?{request.url.query}" if request.url.query else ""
        return in_progress(training, f"{request.url.path}{query}")
    made = training.made
    if made.difference is None:
        return Winner(number, made.content)
    if different:
        return Winner(number, made.content, note=f"It came out different here: {made.difference}")
    return Winner(number, without=f"it came out different here: {made.difference}")


def _page(services: Services, sheet: JobSheet, found: Winner) -> str:
    job = sheet.view.job
    digest = None if job.problem else digest_of(services, job)
    return report(job_page(sheet, None, None), found, _dataset(services, job), digest)


def _dataset(services: Services, job: Job) -> Dataset | None:
    """The job's data set, if it is still here as it was."""
    if job.problem:
        return None
    try:
        dataset = services.catalogue.load(job.spec.dataset.name)
    except DatasetError:
        return None
    return dataset if same_data(job, dataset) else None
