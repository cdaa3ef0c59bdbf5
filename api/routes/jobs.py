"""Jobs: submit, list, look at one, and the verbs."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.bodies import (
    EnqueuedTrial,
    JobChange,
    parse_change,
    parse_clone,
    parse_wanted,
)
from api.json_body import JsonBody, OptionalJsonBody
from api.openapi import CONFLICT, body_of
from api.parameters import IdempotencyKey, JobId, Limit
from api.schemas.base import API
from api.schemas.jobs import JobAnswer, JobPage
from api.services import Services, ServicesOf
from hpsearch.admission import admit
from hpsearch.errors import FieldProblem, InvalidSpec, JobNotFound
from hpsearch.jobs import Job, JobState, RequestedState
from hpsearch.spec.submission import JobSubmission, Submission, parse_submission
from storage.user_jobs import Jobs

router = APIRouter(prefix=API, tags=["jobs"])


@router.post("/jobs", status_code=201, openapi_extra=body_of(JobSubmission))
def submit_job(
    body: JsonBody, services: ServicesOf, response: Response, idempotency_key: IdempotencyKey = None
) -> JobAnswer:
    """Submit a search. Its `Location` is where to look at it; 200 where the key had come before."""
    return _create(parse_submission(body), services, response, idempotency_key)


@router.get("/jobs")
def list_jobs(
    services: ServicesOf,
    state: JobState | None = None,
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> JobPage:
    """Jobs, newest first."""
    found, following = services.jobs.list(state=state, limit=limit, after=after)
    return JobPage(items=[_answer(job, services) for job in found], next=following)


@router.get(
    "/jobs/{job_id}", response_model=JobAnswer, responses={304: {"description": "not changed"}}
)
def get_job(job_id: JobId, services: ServicesOf, request: Request) -> Response:
    """One job, with its progress and its best trial. `If-None-Match` answers 304."""
    answer = _answer(services.jobs.get(job_id), services)
    content = answer.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")) or known == "*":
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@router.post("/jobs/{job_id}/cancel", status_code=202, responses=CONFLICT)
def cancel_job(job_id: JobId, services: ServicesOf) -> JobAnswer:
    """End the job; its finished trials stay."""
    return _wish(job_id, RequestedState.CANCEL, services)


@router.post("/jobs/{job_id}/pause", status_code=202, responses=CONFLICT)
def pause_job(job_id: JobId, services: ServicesOf) -> JobAnswer:
    """Train no further leg until the job is resumed."""
    return _wish(job_id, RequestedState.PAUSE, services)


@router.post("/jobs/{job_id}/resume", status_code=202, responses=CONFLICT)
def resume_job(job_id: JobId, services: ServicesOf) -> JobAnswer:
    """Go on with a paused job; the result is as if it had never stopped."""
    return _wish(job_id, RequestedState.RUN, services)


@router.patch("/jobs/{job_id}", openapi_extra=body_of(JobChange), responses=CONFLICT)
def change_job(job_id: JobId, body: JsonBody, services: ServicesOf) -> JobAnswer:
    """Change the budget or the priority, also of a finished job, which then goes on."""
    job = services.jobs.get(job_id)
    budget, priority = parse_change(body, job)
    if budget is not None:
        job = services.jobs.change_budget(job_id, budget)
    if priority is not None:
        job = services.jobs.set_priority(job_id, priority)
    services.runner.poke()
    return _answer(job, services)


@router.post(
    "/jobs/{job_id}/enqueue",
    status_code=202,
    openapi_extra=body_of(EnqueuedTrial),
    responses=CONFLICT,
)
def enqueue_trial(job_id: JobId, body: JsonBody, services: ServicesOf) -> JobAnswer:
    """Have parameters tried that you choose; they count as one of the budget's trials."""
    job = services.jobs.enqueue(job_id, parse_wanted(body))
    services.runner.poke()
    return _answer(job, services)


@router.post(
    "/jobs/{job_id}/clone", status_code=201, openapi_extra=body_of(JobSubmission, required=False)
)
def clone_job(
    job_id: JobId,
    body: OptionalJsonBody,
    services: ServicesOf,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobAnswer:
    """Submit the job's spec again, changed by the body (a JSON merge patch, RFC 7396)."""
    original = services.jobs.get(job_id)
    submission = parse_clone(body, original)
    return _create(submission, services, response, idempotency_key)


def _create(
    submission: Submission, services: Services, response: Response, key: str | None
) -> JobAnswer:
    _check_warm_start(submission, services.jobs)
    admit(submission.spec, services.catalogue)
    job, created = services.jobs.create(
        submission.spec, key, submission.terms.warm_start, submission.terms.priority
    )
    if created:
        services.runner.poke()
    response.status_code = 201 if created else 200
    response.headers["Location"] = f"{API}/jobs/{job.id}"
    return _answer(job, services)


def _wish(job_id: str, wish: RequestedState, services: Services) -> JobAnswer:
    job = services.jobs.wish(job_id, wish)
    services.runner.poke()
    return _answer(job, services)


def _answer(job: Job, services: Services) -> JobAnswer:
    best = services.trials.best(job.id, 1)
    return JobAnswer.of(
        job,
        services.trials.progress(job.id),
        best[0] if best else None,
        services.trials.study_id(job.id),
    )


def _check_warm_start(submission: Submission, jobs: Jobs) -> None:
    """Raises InvalidSpec that names each job that is not there."""
    problems = []
    for position, job_id in enumerate(submission.terms.warm_start):
        try:
            jobs.get(job_id)
        except JobNotFound as error:
            problems.append(FieldProblem(f"warm_start.{position}", str(error), job_id))
    if problems:
        raise InvalidSpec(problems)
