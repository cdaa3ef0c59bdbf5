"""Proof that a result is what it claims to be."""

from fastapi import APIRouter

from api.heavy import HeavySlot
from api.parameters import JobId
from api.schemas.base import API
from api.schemas.results import DigestAnswer
from api.services import Services, ServicesOf
from hpsearch.digest import digest
from hpsearch.jobs import Job

router = APIRouter(prefix=API, tags=["results"])


@router.get("/jobs/{job_id}/digest")
def get_digest(job_id: JobId, services: ServicesOf, _slot: HeavySlot) -> DigestAnswer:
    """SHA-256 of the canonical result: equal digests mean the same trials, curves and ends.

    Of a job that has ended it is computed once, and kept.
    """
    job = services.jobs.get(job_id)
    return DigestAnswer(
        digest=digest_of(services, job),
        final=job.state.ended,
        environment=dict(job.environment),
    )


def digest_of(services: Services, job: Job) -> str:
    """The digest that is kept, or computed, and kept if the job has ended."""
    found = services.jobs.digest(job.id) if job.state.ended else None
    if found is None:
        found = digest(job.spec, services.store.history(job.id), job.stop_reason, job.data)
        if job.state.ended:
            services.jobs.keep_digest(job, found)
    return found
