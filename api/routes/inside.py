"""What a trial's network looks like inside."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.gate import Asking
from api.heavy import client_of
from api.parameters import JobId, PictureName, TrialNumber
from api.routes.models import IN_TRAINING, in_progress, trained, trial_of
from api.schemas.base import API
from api.schemas.models import InsideAnswer
from api.services import Services, ServicesOf
from api.web.templating import page
from hpsearch.drawing.compared import Curve, compared
from hpsearch.drawing.marks import marks, proposed_by
from hpsearch.drawing.svg import to_svg
from hpsearch.errors import DataChanged, DatasetError, EngineUnavailable, ModelsBusy, NoModel
from hpsearch.inside.pictures import Picture
from hpsearch.jobs import Job
from hpsearch.runner.models import Training, Wanted
from hpsearch.runner.worker_answers import read_pictures
from hpsearch.spec.objective import Objective
from hpsearch.trial import Trial

router = APIRouter(tags=["results"])

PATH = f"{API}/jobs/{{job_id}}/trials/{{number}}/inside"
NONE: dict[int | str, dict[str, Any]] = {409: {"description": "the trial has no network"}}


@router.get(PATH, response_model=InsideAnswer, responses={202: IN_TRAINING, **NONE})
async def look_inside(
    request: Request, job_id: JobId, number: TrialNumber, services: ServicesOf
) -> Response:
    """Pictures of the trial's network: filters, feature maps, confusions, mistakes, activations.

    It is trained again, and they are drawn on the worker that did; 202 says how far it is.
    """
    job, trial = await run_in_threadpool(trial_of, services, job_id, number)
    training = await _asked(request, services, job, trial)
    if training.made is None:
        return in_progress(training, _path(job, trial))
    pictures = _pictures(training)
    answer = InsideAnswer.of(trial.number, training.made.difference, pictures, _path(job, trial))
    return JSONResponse(answer.model_dump(mode="json"))


@router.get(
    PATH + "/{picture}.png",
    response_class=Response,
    responses={
        200: {
            "description": "the picture",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
        202: IN_TRAINING,
        **NONE,
    },
)
async def get_picture(
    request: Request, job_id: JobId, number: TrialNumber, picture: PictureName, services: ServicesOf
) -> Response:
    """One of these pictures, by its name."""
    job, trial = await run_in_threadpool(trial_of, services, job_id, number)
    training = await _asked(request, services, job, trial)
    if training.made is None:
        return in_progress(training, f"{_path(job, trial)}/{picture}.png")
    for each in _pictures(training):
        if each.name == picture:
            headers = {"Cache-Control": "private, no-cache"}
            return Response(each.content, media_type="image/png", headers=headers)
    raise HTTPException(404, f"trial {trial.number} has no picture of this name")


@router.get("/jobs/{job_id}/trials/{number}", include_in_schema=False)
async def show_trial(
    request: Request, job_id: JobId, number: TrialNumber, services: ServicesOf, asking: Asking
) -> Response:
    """The page of a trial: why it was proposed and how it ended, and its network's pictures."""
    job, trial = await run_in_threadpool(trial_of, services, job_id, number)
    training, problem = None, None
    try:
        training = await _asked(request, services, job, trial)
    except (NoModel, EngineUnavailable, ModelsBusy, DataChanged, DatasetError) as error:
        problem = str(error)
    return page(
        "trial.html",
        asking,
        job=job,
        trial=trial,
        training=training,
        problem=problem,
        proposed=proposed_by(trial),
        learned=_learned(job, trial),
        pictures=() if training is None else _pictures(training),
        path=_path(job, trial),
    )


def _learned(job: Job, trial: Trial) -> str:
    """Its learning curve as SVG, with the accuracy on training images where it was recorded."""
    objective = job.spec.objective
    [mark] = marks([trial], objective, None)
    training = mark.training if objective is not Objective.LOSS else ()
    curve = Curve(f"trial {trial.number}", mark.curve, training)
    return to_svg(compared([curve], objective.words))


async def _asked(request: Request, services: Services, job: Job, trial: Trial) -> Training:
    services.heavy.count(client_of(request))
    return await trained(services, job, trial, Wanted.INSIDE)


def _pictures(training: Training) -> tuple[Picture, ...]:
    return () if training.made is None else read_pictures(training.made.content)


def _path(job: Job, trial: Trial) -> str:
    return f"{API}/jobs/{job.id}/trials/{trial.number}/inside"
