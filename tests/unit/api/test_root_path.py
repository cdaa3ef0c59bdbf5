"""Behind a reverse proxy that serves the server under a prefix."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.dashboard_prefix import PAGE, SCRIPT
from api.gate import Gate
from api.metrics import Metrics
from api.settings import Settings
from hpsearch.access import LOCAL
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.tokens import TokenFile
from storage.database import Database
from tests.unit.api.server_in_process import SMALLEST, IdleRunner

ROOT = "/search"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, folder / "hpsearch.db")
    settings = Settings(data_dir=folder, allowed_hosts="testserver", root_path=ROOT)
    database = Database(settings.url)
    gate = Gate(TokenFile(folder), everybody=LOCAL)
    app = build(settings, database, Catalogue(folder), IdleRunner(), Metrics(), gate)
    with TestClient(app, follow_redirects=False) as client:
        yield client
    database.close()


@pytest.fixture(scope="module", params=[ROOT, ""], ids=["kept", "taken away"])
def arrives(request: pytest.FixtureRequest) -> str:
    """What the proxy leaves of the prefix in the paths that it hands on."""
    return str(request.param)


def test_links_and_locations_carry_the_prefix(client: TestClient, arrives: str) -> None:
    answer = client.post(f"{arrives}/api/v1/jobs", json=SMALLEST)
    job = answer.json()
    assert answer.headers["location"] == job["links"]["self"] == f"{ROOT}/api/v1/jobs/{job['id']}"
    assert all(path.startswith(f"{ROOT}/") for path in job["links"].values())
    assert client.get(arrives + job["links"]["self"].removeprefix(ROOT)).status_code == 200
    assert all(p.startswith(f"{ROOT}/") for p in client.get(f"{arrives}/api/v1").json().values())
    problem = client.get(f"{arrives}/api/v1/jobs/nothing").json()
    assert problem["type"] == f"{ROOT}/docs#problem-job-not-found"
    assert client.get(f"{arrives}/jobs").headers["location"] == f"{ROOT}/"
    assert f'href="{ROOT}/jobs/{job["id"]}"' in client.get(f"{arrives}/").text
    allow = client.put(f"{arrives}/api/v1/jobs").headers["allow"]
    assert allow == "GET, HEAD, POST"


def test_the_description_names_the_prefix(client: TestClient, arrives: str) -> None:
    description = client.get(f"{arrives}/openapi.json").json()
    assert description["servers"] == [{"url": ROOT}]
    assert "/api/v1/jobs" in description["paths"]


def test_pages_load_nothing_from_outside_the_prefix(client: TestClient, arrives: str) -> None:
    page = client.get(f"{arrives}/docs").text
    found = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert found
    assert all(path.startswith(f"{ROOT}/") for path in found)


def test_the_dashboard_is_moved(client: TestClient, arrives: str) -> None:
    page = client.get(f"{arrives}/dashboard").text
    assert f'"{ROOT}/static/bundle.js"' in page
    script = client.get(f"{arrives}/static/bundle.js").content
    for old, new in SCRIPT.items():
        assert new % ROOT.encode() in script
        assert old not in script
    assert all(new % ROOT.encode() in page.encode() for new in PAGE.values())
    study = client.get(f"{arrives}/api/studies").json()["study_summaries"][0]
    assert client.get(f"{arrives}/api/studies/{study['study_id']}?after=0").status_code == 200
