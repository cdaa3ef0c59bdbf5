"""Jobs: submit, list, look at one, and the verbs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.bodies import (
    EnqueuedTrial,
    JobChange,
    parse_change,
    parse_clone,
    parse_wanted,
)
from api.entity_tags import entity_tag, names_version, versions_meant
from api.examples import CHANGE, CLONE, ENQUEUE, SUBMIT
from api.gate import Asking
from api.json_body import JsonBody, OptionalJsonBody
from api.openapi import CHANGED, CONFLICT, body_of, merge_patch_of
from api.owned import OwnJob
from api.parameters import (
    ArchivedQuery,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    JobId,
    LabelQuery,
    Limit,
    TextQuery,
)
from api.paths import link
from api.schemas.base import API
from api.schemas.jobs import JobAnswer, JobPage
from api.services import Services, ServicesOf
from hpsearch.access import Identity
from hpsearch.admission import admit
from hpsearch.errors import FieldProblem, InvalidSpec, JobNotFound, TrialsGone
from hpsearch.jobs import Job, JobOrder, JobState, JobView, RequestedState
from hpsearch.spec.submission import JobSubmission, Submission, parse_submission
from storage.job_lists import JobFilter
from storage.user_jobs import Jobs

router = APIRouter(prefix=API, tags=["jobs"])


@router.post("/jobs", status_code=201, openapi_extra=body_of(JobSubmission, SUBMIT))
def submit_job(
    body: JsonBody,
    asking: Asking,
    services: ServicesOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobAnswer:
    """Submit a search. Its `Location` is where to look at it; 200 where the key had come before."""
    return _create(parse_submission(body), asking, services, response, idempotency_key)


@router.get("/jobs")
def list_jobs(
    services: ServicesOf,
    state: JobState | None = None,
    label: LabelQuery = None,
    text: TextQuery = None,
    archived: ArchivedQuery = False,
    order: JobOrder = JobOrder.NEWEST,
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> JobPage:
    """Jobs, newest first unless `order` says else; archived ones only if asked for."""
    wanted = JobFilter(state, text, label, archived, order)
    found, following = services.jobs.page(wanted, limit, after)
    return JobPage(items=[JobAnswer.of(view) for view in found], next=following)


@router.get(
    "/jobs/{job_id}", response_model=JobAnswer, responses={304: {"description": "not changed"}}
)
def get_job(job_id: JobId, services: ServicesOf, if_none_match: IfNoneMatch = None) -> Response:
    """One job, with its progress and its best trial. `If-None-Match` answers 304."""
    if if_none_match is not None:
        version = services.jobs.version(job_id)
        if names_version(if_none_match, version):
            return Response(status_code=304, headers=_headers(version))
    view = services.jobs.look(job_id)
    content = _content(view, services)
    headers = _headers(view.job.version)
    return Response(content, media_type="application/json", headers=headers)


@router.delete("/jobs/{job_id}", status_code=204, responses=CONFLICT)
def delete_job(job_id: OwnJob, services: ServicesOf) -> None:
    """Delete a job that has ended, with its trials, events and study.

    It is gone at once, for everybody; a job that another one starts from cannot be deleted before
    that one. Deleting again while its rows are being removed is 204, too, and afterwards 404.
    """
    services.deletions.delete(job_id)
    services.housekeeping.poke()


@router.post("/jobs/{job_id}/cancel", status_code=202, responses=CONFLICT)
def cancel_job(job_id: OwnJob, services: ServicesOf) -> JobAnswer:
    """End the job; its finished trials stay."""
    return _wish(job_id, RequestedState.CANCEL, services)


@router.post("/jobs/{job_id}/pause", status_code=202, responses=CONFLICT)
def pause_job(job_id: OwnJob, services: ServicesOf) -> JobAnswer:
    """Train no further leg until the job is resumed."""
    return _wish(job_id, RequestedState.PAUSE, services)


@router.post("/jobs/{job_id}/resume", status_code=202, responses=CONFLICT)
def resume_job(job_id: OwnJob, services: ServicesOf) -> JobAnswer:
    """Go on with a paused job; the result is as if it had never stopped."""
    return _wish(job_id, RequestedState.RUN, services)


@router.patch(
    "/jobs/{job_id}", openapi_extra=body_of(JobChange, CHANGE), responses={**CONFLICT, **CHANGED}
)
def change_job(
    job_id: OwnJob,
    body: JsonBody,
    services: ServicesOf,
    response: Response,
    if_match: IfMatch = None,
) -> JobAnswer:
    """Change the budget, the priority or the labels, or archive the job.

    A finished job goes on with a larger budget. What is archived is left out of lists.

    With `If-Match` only if the job is still as its entity tag says.
    """
    change = parse_change(body)
    versions = versions_meant(if_match)
    job = services.jobs.change(
        job_id, change.budget, change.priority, versions, change.labels, change.archived
    )
    services.runner.poke()
    view = services.jobs.look(job.id)
    response.headers.update(_headers(view.job.version))
    return JobAnswer.of(view)


@router.post(
    "/jobs/{job_id}/enqueue",
    status_code=202,
    openapi_extra=body_of(EnqueuedTrial, ENQUEUE),
    responses=CONFLICT,
)
def enqueue_trial(job_id: OwnJob, body: JsonBody, services: ServicesOf) -> JobAnswer:
    """Have parameters tried that you choose; they count as one of the budget's trials."""
    job = services.jobs.enqueue(job_id, parse_wanted(body))
    services.runner.poke()
    return _answer(job, services)


@router.post(
    "/jobs/{job_id}/clone",
    status_code=201,
    openapi_extra=merge_patch_of(JobSubmission, CLONE),
)
def clone_job(
    job_id: JobId,
    body: OptionalJsonBody,
    asking: Asking,
    services: ServicesOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobAnswer:
    """Submit the job's spec again, changed by the body (a JSON merge patch, RFC 7396)."""
    original = services.jobs.get(job_id)
    submission = parse_clone(body, original)
    return _create(submission, asking, services, response, idempotency_key)


def _create(
    submission: Submission,
    asking: Identity,
    services: Services,
    response: Response,
    key: str | None,
) -> JobAnswer:
    spec, terms = submission.spec, submission.terms
    notify = None if terms.notify is None else terms.notify.url
    known = None
    if key:
        known = services.jobs.known(
            key, spec, terms.warm_start, terms.priority, asking, terms.labels, notify
        )
    if known is not None:
        job, created = known, False  # whatever has become of its data set since
    else:
        _check_warm_start(submission, services.jobs)
        if notify is not None:
            services.webhooks.check(notify)
        admit(spec, services.catalogue, services.leg_memory)
        job, created = services.jobs.create(
            spec,
            key,
            terms.warm_start,
            terms.priority,
            asking,
            services.quotas.jobs_of(asking),
            terms.labels,
            notify,
        )
    if created:
        services.runner.poke()
    response.status_code = 201 if created else 200
    response.headers["Location"] = link(f"{API}/jobs/{job.id}")
    return _answer(job, services)


def _content(view: JobView, services: Services) -> str:
    """The answer about one job, made once as long as storage has nothing new to say."""
    known = services.answers.get(view.job.id)
    if known is not None and known[0] is view:
        return known[1]
    content = JobAnswer.of(view).model_dump_json()
    services.answers.put(view.job.id, (view, content))
    return content


def _wish(job_id: str, wish: RequestedState, services: Services) -> JobAnswer:
    job = services.jobs.wish(job_id, wish)
    services.runner.poke()
    return _answer(job, services)


def _answer(job: Job, services: Services) -> JobAnswer:
    return JobAnswer.of(services.jobs.look(job.id))


def _headers(version: int) -> dict[str, str]:
    return {"ETag": entity_tag(version), "Cache-Control": "no-cache"}


def _check_warm_start(submission: Submission, jobs: Jobs) -> None:
    """Raises InvalidSpec that names each job that is not there, or has lost its trials."""
    problems = []
    for position, job_id in enumerate(submission.terms.warm_start):
        try:
            jobs.get(job_id).refuse_without_trials()
        except (JobNotFound, TrialsGone) as error:
            problems.append(FieldProblem(f"warm_start.{position}", str(error), job_id))
    if problems:
        raise InvalidSpec(problems)
