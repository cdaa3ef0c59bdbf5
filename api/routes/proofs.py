"""Proof that a result is what it claims to be, and what a search would take."""

from fastapi import APIRouter

from api.body import JsonBody
from api.openapi import body_of
from api.routes.jobs import JobId
from api.schemas.base import API
from api.schemas.service import DigestAnswer, EstimateAnswer
from api.services import ServicesOf
from hpsearch.digest import digest
from hpsearch.runner.admission import admit
from hpsearch.runner.estimate import estimate
from hpsearch.spec.search import SearchSpec, parse_spec
from storage.records import RunRecords

router = APIRouter(prefix=API, tags=["proofs"])


@router.get("/jobs/{job_id}/digest")
def get_digest(job_id: JobId, services: ServicesOf) -> DigestAnswer:
    """SHA-256 of the canonical result: equal digests mean the same trials, curves and ends."""
    job = services.jobs.get(job_id)
    history = RunRecords(services.database).history(job_id)
    return DigestAnswer(
        digest=digest(job.spec, history, job.stop_reason),
        final=job.state.ended,
        environment=dict(job.environment),
    )


@router.post("/estimates", openapi_extra=body_of(SearchSpec))
def post_estimate(body: JsonBody, services: ServicesOf) -> EstimateAnswer:
    """What this search would take on this server, idle; or 422 with what is wrong with it."""
    spec = parse_spec(body)
    admit(spec, services.catalogue)
    workers = max(1, services.runner.status().workers)
    return EstimateAnswer.of(estimate(spec, services.catalogue, workers))
