"""The undisturbed result that every faulty run is compared with, and services to disturb."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.audit import Result, result_of
from tests.service import Service

SPEC: Mapping[str, Any] = {
    "dataset": "digits",
    "network": "lenet5",
    "epochs": 3,
    "batch_size": 32,
    "cohort": 4,
    "budget": {"trials": 24},
    "seed": 7,
}
"""Half a dozen seconds of training on two cores."""

MakeService = Callable[..., Service]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What SPEC comes to where nothing goes wrong."""
    with Service(tmp_path_factory.mktemp("undisturbed")) as service:
        job = service.submit(SPEC)
        service.wait_for_end(job)
        result = result_of(service.database_url, job)
    assert result.state == "completed"
    assert result.trials == SPEC["budget"]["trials"]
    return result


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[MakeService]:
    """Makes services that end with the test, with everything that they started."""
    made: list[Service] = []

    def make(name: str = "service", **options: Any) -> Service:
        made.append(Service(tmp_path / name, **options))
        return made[-1]

    yield make
    for service in made:
        service.close()
