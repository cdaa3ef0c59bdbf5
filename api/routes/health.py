"""Is the server alive, and can it work?"""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.schemas.service import Alive, Readiness
from api.services import ServicesOf

MAX_NAMED = 10  # jobs that cannot run, named one by one

router = APIRouter(tags=["service"])


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers; nothing else is looked at."""
    return Alive()


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(services: ServicesOf) -> Response:
    """Counts, states and latencies, as Prometheus reads them."""
    return Response(generate_latest(services.metrics), media_type=CONTENT_TYPE_LATEST)


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(services: ServicesOf, response: Response) -> Readiness:
    """Whether requests can be served: 503 where the database cannot be reached.

    A server that stands by, that waits for workers, or whose last attempt to write failed although
    the database answers (a full disk) still serves what it can: it is ready, and says what is
    wrong in `problems`.
    """
    status = services.runner.status()
    database = await services.look.facts()
    wrong = [str(each) for each in database.pop("problems")]
    if wrong:
        response.status_code = 503
    others = dict.fromkeys(each for each in (database.pop("refused"), status.problem) if each)
    others.update(dict.fromkeys(_unattended(status.unattended)))
    return Readiness(
        ready=not wrong,
        problems=[*wrong, *(each for each in others if each not in wrong)],
        leader=status.leader,
        workers=status.workers,
        database=database,
    )


def _unattended(reasons: Mapping[str, str]) -> Iterator[str]:
    for job_id in list(reasons)[:MAX_NAMED]:
        yield f"job {job_id} does not run: {reasons[job_id]}"
    if len(reasons) > MAX_NAMED:
        yield f"{len(reasons) - MAX_NAMED} more jobs do not run"
