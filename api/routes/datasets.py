"""The catalogue of data sets."""

from fastapi import APIRouter

from api.schemas.base import API
from api.schemas.datasets import DatasetAnswer, DatasetList
from api.services import ServicesOf
from hpsearch.datasets.catalogue import DatasetInfo

router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"])


@router.get("")
def list_datasets(services: ServicesOf) -> DatasetList:
    """All data sets that a search may name."""
    return DatasetList(items=[_answer(info) for info in services.catalogue.describe()])


@router.get("/{name}")
def get_dataset(name: str, services: ServicesOf) -> DatasetAnswer:
    """One data set: what it holds, how it was understood, and how far its download is."""
    return _answer(services.catalogue.info(name))


def _answer(info: DatasetInfo) -> DatasetAnswer:
    return DatasetAnswer.model_validate(info.to_json())
