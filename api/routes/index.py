"""Where things are, for programs; people start at /."""

from fastapi import APIRouter

from api.schemas.base import API
from api.schemas.service import IndexAnswer
from api.services import ServicesOf

router = APIRouter(prefix=API, tags=["service"])


@router.get("")
def get_index(services: ServicesOf) -> IndexAnswer:
    """Links to everything that can be listed."""
    root = services.settings.root_path
    here = root + API
    return IndexAnswer(
        jobs=f"{here}/jobs",
        estimates=f"{here}/estimates",
        datasets=f"{here}/datasets",
        description=f"{root}/openapi.json",
        documentation=f"{root}/docs",
        health=f"{root}/healthz",
        readiness=f"{root}/readyz",
        metrics=f"{root}/metrics",
    )
