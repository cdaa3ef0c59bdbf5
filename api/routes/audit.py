"""The audit log, for admins."""

from fastapi import APIRouter

from api.parameters import Limit
from api.schemas.base import API
from api.schemas.service import AuditAnswer
from api.services import ServicesOf

router = APIRouter(prefix=API, tags=["service"])


@router.get("/audit")
def list_changes(services: ServicesOf, limit: Limit = 100) -> AuditAnswer:
    """The latest changes, the newest first: who, what, when. Needs a token of scope `admin`."""
    return AuditAnswer(items=services.audit.latest(limit))
