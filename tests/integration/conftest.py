"""The undisturbed result that every faulty run is compared with, and services to disturb."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.results import SPEC, Result, result_of
from harness.service import MakeService, Service


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
