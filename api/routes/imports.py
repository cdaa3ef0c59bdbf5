"""Jobs of other servers."""

import tempfile
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.gate import Asking
from api.heavy import client_of
from api.json_body import read_body
from api.paths import link
from api.schemas.base import API
from api.schemas.jobs import JobAnswer
from api.services import Services, ServicesOf
from hpsearch.access import Identity
from hpsearch.importable import check_importable
from hpsearch.job_file import MAX_FILE, read_job_file
from hpsearch.jobs import Job

router = APIRouter(prefix=API, tags=["jobs"])

ZIP = "application/zip"
BODY = {
    "requestBody": {
        "required": True,
        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/imports",
    status_code=201,
    openapi_extra=BODY,
    responses={
        409: {"description": "another job has its id"},
        413: {"description": "the body is too large"},
        415: {"description": "the body is not sent as a zip"},
    },
)
async def import_job(
    request: Request, services: ServicesOf, asking: Asking, response: Response
) -> JobAnswer:
    """Bring in a job that another server exported; 200 if it is here already.

    Its digest, its audit and training it again come to the same here.
    """
    services.heavy.count(client_of(request))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != ZIP:
        raise HTTPException(415, f"send the file with Content-Type: {ZIP}")
    content = await read_body(request, MAX_FILE)
    async with services.heavy.slot():
        job, created = await run_in_threadpool(_import, services, content, asking)
    response.status_code = 201 if created else 200
    response.headers["Location"] = link(f"{API}/jobs/{job.id}")
    return JobAnswer.of(await run_in_threadpool(services.jobs.look, job.id))


def _import(services: Services, content: bytes, owner: Identity) -> tuple[Job, bool]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "the file"
        path.write_bytes(content)
        held = read_job_file(path)
    check_importable(held)
    return services.imports.add(held, owner)
