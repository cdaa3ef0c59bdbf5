"""A whole job as one file, which moves and proves itself."""

from datetime import datetime

from fastapi import APIRouter, Response

from api.heavy import HeavySlot
from api.parameters import JobId
from api.schemas.base import API
from api.services import Services, ServicesOf
from hpsearch.baseline import Baseline
from hpsearch.datasets.split import validation_labels
from hpsearch.digest import digest
from hpsearch.errors import DatasetError
from hpsearch.history import History
from hpsearch.job_file import JobFacts, job_file
from hpsearch.jobs import Job
from hpsearch.spec.stored import SPEC_VERSION

router = APIRouter(prefix=API, tags=["results"])

FILE = "application/zip"


@router.get(
    "/jobs/{job_id}/export",
    response_class=Response,
    responses={
        200: {
            "description": "a zip of JSON with a manifest of hashes",
            "content": {FILE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def export_job(job_id: JobId, services: ServicesOf, _slot: HeavySlot) -> Response:
    """The job with its spec, data hashes, environment, reports, rounds, reasons, certificate.

    `hpsearch audit FILE` and `hpsearch verify FILE` need nothing else of this server.
    """
    job = services.jobs.get(job_id)
    history = services.store.history(job_id)
    facts = _facts(services, job, history)
    headers = {"Content-Disposition": f'attachment; filename="{job.id}.zip"'}
    return Response(job_file(facts, history), headers=headers, media_type=FILE)


def _facts(services: Services, job: Job, history: History) -> JobFacts:
    return JobFacts(
        id=job.id,
        spec=job.spec.canonical(),
        spec_version=SPEC_VERSION,
        state=job.state,
        stop_reason=job.stop_reason,
        seconds=job.seconds,
        priority=job.priority,
        created_at=job.created_at.isoformat(),
        started_at=_moment(job.started_at),
        finished_at=_moment(job.finished_at),
        environment=dict(job.environment),
        data=job.data,
        baseline=history.baseline.counts if history.baseline else _baseline(services, job),
        digest=_digest(services, job, history),
        seals=services.trials.seals(job.id),
        earlier_budgets=job.earlier_budgets,
    )


def _digest(services: Services, job: Job, history: History) -> str:
    """As it was kept when somebody first asked: what was changed since does not come to it."""
    kept = services.jobs.digest(job.id) if job.state.ended else None
    return kept or digest(job.spec, history, job.stop_reason, job.data)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _baseline(services: Services, job: Job) -> tuple[int, ...] | None:
    """Images of each class in the validation part of a job from before that was recorded.

    None if the data is not here any more.
    """
    try:
        if services.catalogue.ensure(job.spec.dataset.name) is not None:
            return None
        dataset = services.catalogue.load(job.spec.dataset.name)
        if job.data is None or job.data.dataset != dataset.sha256:
            return None
        return Baseline.of(validation_labels(job.spec, dataset), dataset.classes).counts
    except DatasetError:
        return None
