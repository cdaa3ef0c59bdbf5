"""What a search would take, said before it is submitted."""

from fastapi import APIRouter

from api.json_body import JsonBody
from api.openapi import body_of
from api.schemas.base import API
from api.schemas.estimates import EstimateAnswer
from api.services import ServicesOf
from hpsearch.admission import admit
from hpsearch.estimate import estimate
from hpsearch.spec.search import SearchSpec, parse_spec

router = APIRouter(prefix=API, tags=["estimates"])


@router.post("/estimates", openapi_extra=body_of(SearchSpec))
def estimate_search(body: JsonBody, services: ServicesOf) -> EstimateAnswer:
    """What this search would take on this server, idle; or 422 with what is wrong with it."""
    spec = parse_spec(body)
    admit(spec, services.catalogue, services.leg_memory)
    workers = max(1, services.runner.status().workers)
    return EstimateAnswer.of(estimate(spec, services.catalogue, workers))
