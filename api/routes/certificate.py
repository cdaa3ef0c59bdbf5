"""How sure it is who won."""

from fastapi import APIRouter

from api.heavy import HeavySlot
from api.parameters import JobId
from api.schemas.base import API
from api.schemas.certificate import CertificateAnswer, LikelyAnswer
from api.services import ServicesOf
from hpsearch.history import History
from hpsearch.jobs import Job
from hpsearch.search.certificate import Certificate, certificate
from hpsearch.search.likely import likely_best

router = APIRouter(prefix=API, tags=["results"])


@router.get("/jobs/{job_id}/certificate")
def get_certificate(job_id: JobId, services: ServicesOf, _slot: HeavySlot) -> CertificateAnswer:
    """The likely best trained again, which of them is better, and the winner on the test data.

    `likely_best` is there while the search runs, too.
    """
    job = services.jobs.get(job_id)
    history = services.store.history(job_id)
    found = certificate(job.spec, history)
    likely = likely_best(job.spec.space, history.trials, job.spec.objective)
    answer = None if likely is None else LikelyAnswer.of(likely, job.spec.objective)
    return CertificateAnswer.of(_state(job, history, found), found, answer)


def _state(job: Job, history: History, found: Certificate | None) -> str:
    if found is None:
        return "off"
    if job.state.ended:
        return "complete" if found.complete else "partial"
    return "running" if history.confirmations else "waiting"
