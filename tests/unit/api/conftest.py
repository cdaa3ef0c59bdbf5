"""The whole HTTP side in this process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.gate import Gate
from api.metrics import Metrics
from api.settings import Settings
from hpsearch.access import LOCAL
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.tokens import TokenFile
from storage.database import Database
from storage.overview import Overview
from tests.unit.api.server_in_process import IdleRunner, IdleWorkers, ServerInProcess


@pytest.fixture
def server(tmp_path: Path, sqlite_template: Path) -> Iterator[ServerInProcess]:
    with open_server(tmp_path, sqlite_template) as server:
        yield server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[TestClient]:
    """One server for all tests of a module that leave nothing behind that another would see."""
    with open_server(tmp_path_factory.mktemp("server"), sqlite_template) as server:
        yield server.client


@contextmanager
def open_server(
    folder: Path, template: Path, gate: Gate | None = None
) -> Iterator[ServerInProcess]:
    """gate: by default whoever asks is the user who runs the server."""
    settings = Settings(data_dir=folder, allowed_hosts="testserver", heavy_per_second=10_000)
    shutil.copy(template, folder / "hpsearch.db")
    database = Database(settings.url)
    runner, metrics = IdleRunner(), Metrics()
    metrics.watch(Overview(database), runner, IdleWorkers())
    gate = gate or Gate(TokenFile(folder), everybody=LOCAL)
    app = build(settings, database, Catalogue(folder), runner, metrics, gate)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield ServerInProcess(client, runner, database)
