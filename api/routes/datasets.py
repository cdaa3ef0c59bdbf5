"""The catalogue of data sets."""

from contextlib import ExitStack
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.gate import Asking
from api.owned import check_owner
from api.paths import link
from api.schemas.base import API
from api.schemas.datasets import DatasetAnswer, DatasetList
from api.services import Services, ServicesOf
from api.upload_form import MAX_REST, UploadForm, read_upload, too_large
from api.uploads import Upload, check_disk, check_well_known, full_disk
from hpsearch.access import Identity, Scope
from hpsearch.datasets.catalogue import DatasetInfo, check_name
from hpsearch.datasets.fetching import Progress
from hpsearch.errors import UnknownDataset

router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"])

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["name", "file"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {
                            "type": "string",
                            "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$",
                            "example": "my-images",
                        },
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}


@router.get("")
def list_datasets(services: ServicesOf) -> DatasetList:
    """All data sets that a search may name."""
    return DatasetList(items=[_answer(info) for info in services.catalogue.describe()])


@router.post("", status_code=201, openapi_extra=FORM)
async def upload_dataset(
    request: Request, asking: Asking, services: ServicesOf, response: Response
) -> DatasetAnswer:
    """Upload an .npz file, or a zip file of class-named folders of images, as a form with the
    fields `name` and `file`. 200 where it is there already; 422 says all that is wrong with it.

    It is answered once it has been checked; until then, `GET` says how far it is.
    """
    limit, quotas = services.settings.upload_bytes, services.quotas
    declared = request.headers.get("content-length", "0")
    size = int(declared[:20]) if declared.isdigit() else 0
    if size > limit + MAX_REST:
        raise too_large(limit)
    async with services.uploads.slot(asking) as upload:
        room = None
        if quotas.limits(asking):
            rest = (asking, quotas.datasets, quotas.dataset_bytes)
            room = await run_in_threadpool(services.uploads.room, *rest)
        check_disk(services.settings.data_dir, size)
        info, created = await _receive(request, asking, services, upload, room)
    response.status_code = 201 if created else 200
    response.headers["Location"] = link(f"{API}/datasets/{info.name}")
    return _answer(info)


@router.get("/{name}")
def get_dataset(name: str, services: ServicesOf) -> DatasetAnswer:
    """One data set: what it holds, how it was understood, and how far its download or upload is."""
    try:
        return _answer(services.catalogue.info(name))
    except UnknownDataset:
        uploading = services.uploads.find(name)
        if uploading is None:
            raise
        return _answer(uploading)


@router.delete("/{name}", status_code=204)
def delete_dataset(name: str, asking: Asking, services: ServicesOf) -> None:
    """Delete a data set that was added. Jobs that use it and have not ended fail."""
    if asking.scope is not Scope.ADMIN:
        check_owner(asking, services.catalogue.info(name).owner, f"data set {name!r}")
    services.catalogue.delete(name)


async def _receive(
    request: Request, asking: Identity, services: Services, upload: Upload, room: int | None
) -> tuple[DatasetInfo, bool]:
    """To the disk, then through the check; says whether the data set is new.

    What has come lies in a draft's folder, which is removed on leaving, or, if this process is
    killed, when a server starts.
    """
    expected = int(request.headers.get("content-length", "0")[:20] or 0)

    def progress(form: UploadForm) -> None:
        upload.name = form.name.decode("utf-8", "replace")
        upload.progress = Progress("receiving", form.size, max(expected, form.size))

    stack = ExitStack()
    folder = await run_in_threadpool(stack.enter_context, services.catalogue.draft())
    try:
        path = folder / "upload"
        limit = services.settings.upload_bytes
        name, called = await read_upload(request, path, limit, progress)
        await run_in_threadpool(check_name, name)
        check_well_known(asking, name)
        upload.name = name
        known = await run_in_threadpool(services.catalogue.find, name)
        add = partial(
            services.catalogue.add,
            called=called,
            progress=upload.checking,
            in_child=True,
            owner=asking.name,
            room=room,
        )
        with full_disk():
            info = await run_in_threadpool(add, name, path)
    finally:
        await run_in_threadpool(stack.close)
    return info, known is None or known.sha256 != info.sha256


def _answer(info: DatasetInfo) -> DatasetAnswer:
    return DatasetAnswer.model_validate(info.to_json())
