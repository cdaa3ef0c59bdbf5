"""Pages for people. They load nothing from elsewhere: machines without a network have them too."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.gate import Asking
from api.parameters import ArchivedQuery, JobId, LabelQuery, TextQuery
from api.paths import link
from api.services import Services, ServicesOf
from api.web.compare_page import MOST_COMPARED, compare_page
from api.web.job_page import MOST_DRAWN, job_page
from api.web.list_page import list_page
from api.web.templating import COMPRESSED, SAFE, STATIC, TYPES, VERSION, answer, page, render
from hpsearch.errors import HpsearchError
from hpsearch.jobs import JobOrder, JobState, JobView
from storage.job_lists import JobFilter

router = APIRouter(include_in_schema=False)

KEPT = "public, max-age=31536000, immutable"

Axis = Annotated[str | None, Query(max_length=100)]


@router.get("/")
def show_jobs(
    services: ServicesOf,
    asking: Asking,
    state: JobState | Literal[""] | None = None,
    label: LabelQuery = None,
    text: TextQuery = None,
    archived: ArchivedQuery = False,
    order: JobOrder = JobOrder.NEWEST,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The list of jobs: those that are wanted, newest first unless `order` says else."""
    wanted = JobFilter(state or None, text or None, label or None, archived, order)
    return page("jobs.html", asking, **list_page(services.jobs, wanted, after))


@router.get("/jobs")
def to_jobs() -> RedirectResponse:
    return RedirectResponse(link("/"))


@router.get("/new")
def show_form(services: ServicesOf, asking: Asking) -> Response:
    """A form for the common case, and the spec as JSON for all others."""
    found = sorted(services.catalogue.describe(), key=lambda info: not info.available)
    return page("new.html", asking, datasets=found)


@router.get("/jobs/{job_id}")
def show_job(
    job_id: JobId, services: ServicesOf, asking: Asking, x: Axis = None, y: Axis = None
) -> Response:
    """One job: what it found, as pictures, words and a table."""
    key, version = f"{job_id} {x} {y}", services.jobs.version(job_id)
    known = services.drawn.get(key)
    if known is None or known[0] != version:
        sheet = services.pages.read(job_id, MOST_DRAWN)
        found = job_page(sheet, x, y, _validation(sheet.view, services))
        known = version, render("job.html", page=found, job=found.job, view=found.view)
        services.drawn.put(key, known)
    return answer(known[1], asking)


@router.get("/compare")
def compare(
    services: ServicesOf, asking: Asking, jobs: Annotated[str, Query(max_length=1000)] = ""
) -> HTMLResponse:
    """Jobs beside each other: which is better, how their specs differ, best so far by epochs."""
    ids = list(dict.fromkeys(each for each in jobs.split(",") if each))
    courses = [services.pages.course(job_id) for job_id in ids[:MOST_COMPARED]]
    found = compare_page(courses, len(ids) - len(courses)) if courses else None
    return page("compare.html", asking, page=found)


@router.get("/datasets")
def show_datasets(services: ServicesOf, asking: Asking) -> Response:
    """The data sets that a search may name."""
    return page(
        "datasets.html", asking, datasets=[info.to_json() for info in services.catalogue.describe()]
    )


@router.get("/assets/{version}/{name}")
def asset(
    version: str, name: str, accept_encoding: Annotated[str, Header(max_length=200)] = ""
) -> Response:
    """A file of the pages. The version is in the path, so that modules import their own kind."""
    if name not in STATIC:
        raise HTTPException(404)
    kind = TYPES["." + name.rpartition(".")[2]]
    kept = {"Cache-Control": KEPT} if version == VERSION else {}
    headers = {**SAFE, **kept, "Vary": "Accept-Encoding"}
    if "gzip" not in accept_encoding:
        return Response(STATIC[name], media_type=kind, headers=headers)
    return Response(
        COMPRESSED[name], media_type=kind, headers={**headers, "Content-Encoding": "gzip"}
    )


def _validation(view: JobView, services: Services) -> int | None:
    """Images of the validation part, as far as the catalogue knows them."""
    if view.job.problem:
        return None
    spec = view.job.spec
    try:
        facts = services.catalogue.info(spec.dataset.name).facts
    except HpsearchError:
        return None
    taken = spec.dataset.train_size or (facts.training if facts else None)
    return None if taken is None else round(taken * spec.validation.fraction)
