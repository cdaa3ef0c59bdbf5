"""Where things are, for programs; people start at /."""

from fastapi import APIRouter

from api.paths import link
from api.schemas.base import API
from api.schemas.service import IndexAnswer

router = APIRouter(prefix=API, tags=["service"])


@router.get("")
async def get_index() -> IndexAnswer:
    """Links to everything that can be listed."""
    return IndexAnswer(
        jobs=link(f"{API}/jobs"),
        estimates=link(f"{API}/estimates"),
        datasets=link(f"{API}/datasets"),
        description=link("/openapi.json"),
        documentation=link("/docs"),
        health=link("/healthz"),
        readiness=link("/readyz"),
        metrics=link("/metrics"),
    )
