"""Is the server alive, and can it work?"""

from typing import Any

from fastapi import APIRouter, Response

from api.schemas import Answer
from api.services import ServicesOf
from hpsearch.errors import HpsearchError

router = APIRouter(tags=["service"])


class Alive(Answer):
    status: str = "ok"


class Readiness(Answer):
    ready: bool
    problems: list[str]
    """What is wrong, in words."""
    leader: bool
    """Whether this server runs the jobs; at most one does, the others stand by."""
    workers: int
    database: dict[str, Any]


@router.get("/healthz")
def healthz() -> Alive:
    """The process answers; nothing else is looked at."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness}})
def readyz(services: ServicesOf, response: Response) -> Readiness:
    """Whether requests can be served: 503 where the database cannot be reached.

    A server that stands by, or that waits for workers, still takes jobs: it is ready, and says so
    in `problems`.
    """
    status = services.runner.status()
    problems = [status.problem] if status.problem else []
    try:
        database = dict(services.database.check())
    except HpsearchError as error:
        problems.insert(0, str(error))
        response.status_code = 503
        database = {"reachable": False}
    return Readiness(
        ready=response.status_code != 503,
        problems=problems,
        leader=status.leader,
        workers=status.workers,
        database=database,
    )
