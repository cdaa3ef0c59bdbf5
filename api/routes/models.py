"""Any trial's network as a file, trained again when somebody asks for it."""

import asyncio
import hashlib
from typing import Literal

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.heavy import client_of
from api.parameters import JobId, TrialNumber
from api.paths import link
from api.schemas.base import API
from api.schemas.models import ModelProgress
from api.services import Services, ServicesOf
from hpsearch.errors import DifferentModel, NoModel
from hpsearch.jobs import Job
from hpsearch.runner.model_cache import Made
from hpsearch.runner.model_record import differences
from hpsearch.runner.models import Training, Wanted
from hpsearch.search.certificate import certificate
from hpsearch.trial import Trial

router = APIRouter(prefix=f"{API}/jobs/{{job_id}}", tags=["results"])

PATIENCE = 1.5  # seconds that a request waits for its model
LOOK_INTERVAL = 0.05  # seconds
FILE = "application/octet-stream"
IN_TRAINING: dict[str, object] = {
    "description": "it is being trained; ask again",
    "model": ModelProgress,
    "headers": {
        "Location": {"schema": {"type": "string"}},
        "Retry-After": {"schema": {"type": "string"}},
    },
}
"""What to say about 202."""

RESPONSES: dict[int | str, dict[str, object]] = {
    200: {
        "description": "model.npz",
        "content": {FILE: {"schema": {"type": "string", "format": "binary"}}},
    },
    202: IN_TRAINING,
    409: {"description": "there is no such model, or it came out different"},
}


@router.get("/model", response_class=Response, responses=RESPONSES)
async def get_model(
    request: Request,
    job_id: JobId,
    services: ServicesOf,
    accept: Literal["different"] | None = None,
) -> Response:
    """The winner's network, as its certificate says if there is one; see that of a trial."""
    job, trial = await run_in_threadpool(winner, services, job_id)
    return await _answer(request, services, job, trial, accept is not None)


@router.get("/trials/{number}/model", response_class=Response, responses=RESPONSES)
async def get_trial_model(
    request: Request,
    job_id: JobId,
    number: TrialNumber,
    services: ServicesOf,
    accept: Literal["different"] | None = None,
) -> Response:
    """The trial's network at its last report, `model.npz`: the same bytes every time.

    It is trained again, before legs that wait; 202 says how far it is. If it comes out different
    from the hash on record, that is said, and `accept=different` gives it nevertheless.
    """
    job, trial = await run_in_threadpool(trial_of, services, job_id, number)
    return await _answer(request, services, job, trial, accept is not None)


def trial_of(services: Services, job_id: str, number: int) -> tuple[Job, Trial]:
    return services.jobs.get(job_id), services.trials.get(job_id, number)


def winner(services: Services, job_id: str) -> tuple[Job, Trial]:
    """By the certificate's verdict, or the best that the search saw."""
    view = services.jobs.look(job_id)
    job, number = view.job, None if view.best is None else view.best.number
    if number is None:
        raise NoModel(
            job_id, None, view.progress.why_no_best(job.state) or "there is no best trial"
        )
    if job.spec.confirm is not None:
        found = certificate(job.spec, services.store.history(job_id))
        if found is not None and found.verdict is not None:
            number = found.verdict.winner
    return job, services.trials.get(job_id, number)


async def _answer(
    request: Request, services: Services, job: Job, trial: Trial, different: bool
) -> Response:
    services.heavy.count(client_of(request))
    training = await trained(services, job, trial)
    if training.made is None:
        query = f"?{request.url.query}" if request.url.query else ""
        return in_progress(training, f"{API}/jobs/{job.id}/trials/{trial.number}/model{query}")
    if training.made.difference is not None and not different:
        raise DifferentModel(job.id, trial.number, differences(job, training.made))
    return _file(job, trial, training.made)


async def trained(
    services: Services, job: Job, trial: Trial, wanted: Wanted = Wanted.MODEL
) -> Training:
    """The trial's training, which may still be under way; raises what it failed by."""
    training = await run_in_threadpool(services.models.ask, job, trial, wanted)
    for _ in range(round(PATIENCE / LOOK_INTERVAL)):
        if training.over:
            break
        await asyncio.sleep(LOOK_INTERVAL)
    if training.error is not None:
        raise training.error
    return training


def in_progress(training: Training, path: str) -> Response:
    """202: how far it is, and where to ask again."""
    return Response(
        ModelProgress.of(training).model_dump_json(),
        status_code=202,
        headers={"Location": link(path), "Retry-After": "1"},
        media_type="application/json",
    )


def _file(job: Job, trial: Trial, made: Made) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{job.id}-{trial.number}.npz"',
        "ETag": f'"{hashlib.sha256(made.content).hexdigest()}"',
        "Cache-Control": "no-cache",
    }
    return Response(made.content, headers=headers, media_type=FILE)
