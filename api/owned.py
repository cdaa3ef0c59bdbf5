"""What belongs to somebody: only its owner or an admin changes it."""

from typing import Annotated

from fastapi import Depends

from api.gate import Asking
from api.parameters import JobId
from api.services import ServicesOf
from hpsearch.access import Identity, Scope
from hpsearch.errors import NotAllowed


def _own_job(job_id: JobId, asking: Asking, services: ServicesOf) -> str:
    if asking.scope is not Scope.ADMIN:
        check_owner(asking, services.jobs.owner(job_id), f"job {job_id!r}")
    return job_id


OwnJob = Annotated[str, Depends(_own_job)]
"""The id of a job that whoever asks may change; otherwise JobNotFound or NotAllowed."""


def check_owner(asking: Identity, owner: str | None, what: str) -> None:
    """Raises NotAllowed if it is not theirs to change."""
    if not asking.may_change(owner):
        raise NotAllowed(
            f"{what} belongs to {owner or 'nobody'}: only the owner or an admin may change it, "
            f"and you are {asking.name}"
        )
