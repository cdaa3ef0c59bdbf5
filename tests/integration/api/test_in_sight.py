"""What other users of the machine can see of a running server."""

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from sqlalchemy import make_url

from harness.postgres import PostgresServer
from harness.service import MakeService, Service
from tests.secrets_written import PASSWORD


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    folder = tmp_path_factory.mktemp("sight") / "data"
    with Service(folder, workers=1) as service:
        service.wait_until_leading()
        yield service, folder


def test_files_are_for_their_owner_alone(served: tuple[Service, Path]) -> None:
    _, folder = served
    found = list(folder.rglob("*"))
    assert any(path.name == "hpsearch.db" for path in found)
    for path in found:
        if path.name == "server.log":
            continue  # the test's own
        allowed = 0o700 if path.is_dir() or stat.S_ISSOCK(path.stat().st_mode) else 0o600
        assert path.stat().st_mode & 0o777 & ~allowed == 0, path


def test_dasks_pages_are_off(served: tuple[Service, Path]) -> None:
    service, _ = served
    ports = {
        connection.laddr.port
        for process in service.started.group()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port != service.port
    }
    healthy = 0
    for port in ports:
        base = f"http://127.0.0.1:{port}"
        try:
            health = httpx.get(f"{base}/health", timeout=2, trust_env=False)
        except httpx.HTTPError:
            continue  # speaks TLS
        healthy += health.status_code == 200
        for path in ("/json/identity.json", "/info/main/workers.html", "/metrics", "/proxy/1/a"):
            assert httpx.get(base + path, timeout=2, trust_env=False).status_code == 404, path
    assert healthy >= 1


def test_a_password_is_in_nobodys_sight(
    make_service: MakeService, postgres: PostgresServer
) -> None:
    url = make_url(postgres.create())
    secret = url.set(username=url.username, password=PASSWORD).render_as_string(False)
    service = make_service(database_url=secret, workers=1)
    service.start()
    service.wait_until_leading()
    processes = service.started.group()
    assert len(processes) >= 3  # the server, what it forks workers from, and a worker
    for process in processes:
        assert PASSWORD not in " ".join(process.cmdline()), process
        assert PASSWORD not in str(process.environ()), process
    log = service.log.read_text()
    assert "HPSEARCH_DATABASE_PASSWORD_FILE" in log
    assert PASSWORD not in log
