"""Proof that a result is what it claims to be."""

from fastapi import APIRouter

from api.heavy import HeavySlot
from api.parameters import JobId
from api.schemas.base import API
from api.schemas.results import DigestAnswer
from api.services import ServicesOf
from hpsearch.digest import digest

router = APIRouter(prefix=API, tags=["results"])


@router.get("/jobs/{job_id}/digest")
def get_digest(job_id: JobId, services: ServicesOf, _slot: HeavySlot) -> DigestAnswer:
    """SHA-256 of the canonical result: equal digests mean the same trials, curves and ends."""
    job = services.jobs.get(job_id)
    history = services.store.history(job_id)
    return DigestAnswer(
        digest=digest(job.spec, history, job.stop_reason, job.data),
        final=job.state.ended,
        environment=dict(job.environment),
    )
