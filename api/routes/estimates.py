"""What a search would take, said before it is submitted."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.examples import ESTIMATE
from api.json_body import JsonBody
from api.openapi import body_of
from api.schemas.base import API
from api.schemas.estimates import EstimateAnswer, EstimatePending
from api.services import ServicesOf
from hpsearch.estimate import Estimate
from hpsearch.runner.estimate_desk import Pending
from hpsearch.spec.search import SearchSpec, parse_spec

POLL = "1"  # seconds until it is worth asking again

router = APIRouter(prefix=API, tags=["estimates"])

EstimateId = Annotated[str, Path(description="the estimate's id", max_length=100)]
PENDING: dict[int | str, dict[str, Any]] = {
    202: {"model": EstimatePending, "description": "it is not there yet; ask again"}
}


@router.post("/estimates", openapi_extra=body_of(SearchSpec, ESTIMATE), responses=PENDING)
def estimate_search(
    body: JsonBody, services: ServicesOf, response: Response
) -> EstimateAnswer | EstimatePending:
    """What this search would take on this server, idle; or 422 with what is wrong with it.

    202 if a worker must time a network first, or the data set is not here: `Location` is where to
    ask again.
    """
    return _answer(services.estimates.ask(parse_spec(body)), response)


@router.get("/estimates/{estimate_id}", responses=PENDING)
def get_estimate(
    estimate_id: EstimateId, services: ServicesOf, response: Response
) -> EstimateAnswer | EstimatePending:
    """An estimate that was asked for; 202 while it is not there yet."""
    return _answer(services.estimates.look(estimate_id), response)


def _answer(found: Estimate | Pending, response: Response) -> EstimateAnswer | EstimatePending:
    if isinstance(found, Estimate):
        return EstimateAnswer.of(found)
    pending = EstimatePending.of(found)
    response.status_code = 202
    response.headers["Location"] = pending.links.self
    response.headers["Retry-After"] = POLL
    return pending
