"""The catalogue of data sets."""

from fastapi import APIRouter

from api.schemas.base import API
from api.schemas.datasets import DatasetAnswer, DatasetList
from api.services import ServicesOf
from hpsearch.datasets.catalogue import DatasetInfo
from hpsearch.errors import UnknownDataset

router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"])


@router.get("")
def list_datasets(services: ServicesOf) -> DatasetList:
    """All data sets that a search may name."""
    return DatasetList(items=[_answer(info) for info in services.catalogue.describe()])


@router.get("/{name}")
def get_dataset(name: str, services: ServicesOf) -> DatasetAnswer:
    """One data set."""
    found = {info.name: info for info in services.catalogue.describe()}
    if name not in found:
        raise UnknownDataset(name, list(found))
    return _answer(found[name])


def _answer(info: DatasetInfo) -> DatasetAnswer:
    return DatasetAnswer(
        name=info.name,
        classes=info.classes,
        shape=list(info.shape) if info.shape else None,
        training=info.training,
        test=info.test,
        source=info.source,
        sha256=info.sha256,
        available=info.available,
        how=info.how,
    )
