"""What a job found: its trials, the best of them, its rounds."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.parameters import JobId, Limit, TrialNumber
from api.schemas.base import API
from api.schemas.results import BestAnswer, BestList, RoundAnswer, RoundList, TrialAnswer, TrialPage
from api.services import ServicesOf

router = APIRouter(prefix=f"{API}/jobs/{{job_id}}", tags=["results"])


@router.get("/trials")
def list_trials(
    job_id: JobId,
    services: ServicesOf,
    order: Literal["number", "value"] = "number",
    limit: Limit = 100,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> TrialPage:
    """The job's trials by number, or by value, the best first."""
    found, following = services.trials.page(job_id, order, limit, after)
    return TrialPage(items=[TrialAnswer.of(trial) for trial in found], next=following)


@router.get("/trials/{number}")
def get_trial(job_id: JobId, number: TrialNumber, services: ServicesOf) -> TrialAnswer:
    """One trial, with its reports and why it has these parameters and stopped."""
    return TrialAnswer.of(services.trials.get(job_id, number))


@router.get("/best")
def list_best(job_id: JobId, services: ServicesOf, limit: Limit = 10) -> BestList:
    """The best complete trials."""
    return BestList(items=[BestAnswer.of(trial) for trial in services.trials.best(job_id, limit)])


@router.get("/rounds")
def list_rounds(job_id: JobId, services: ServicesOf) -> RoundList:
    """From coarse to fine: the ranges of each round, with their evidence."""
    return RoundList(items=[RoundAnswer.of(found) for found in services.trials.rounds(job_id)])
