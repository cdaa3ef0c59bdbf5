"""docker-compose.yml without Docker: its services' own commands as processes, and a job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import URL, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from harness.cluster import Wire
from harness.postgres import PostgresServer, run_alone
from harness.results import SPEC, Result, result_of
from harness.service import ENDED, ROOT, free_port, wait_until
from hpsearch.cli.certificates import create_certificates
from tests.integration.compose.composition import Composition
from tests.secrets_written import OWNER_PASSWORD as PASSWORD
from tests.secrets_written import SERVER_PASSWORD

FILE = ROOT / "docker-compose.yml"
OURS = ("migrate", "scheduler", "worker", "server")
CHANGES = (
    "CREATE TABLE mine (id int)",
    "ALTER TABLE hps_jobs ADD COLUMN mine int",
    "DROP TABLE hps_jobs",
    "TRUNCATE hps_jobs",
    "CREATE ROLE mine",
)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return read


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Wire]:
    """PostgreSQL on a port of loopback, as the official image sets it up: the role must say its
    password."""
    url = make_url(postgres.create())
    folder = Path(str(url.query["host"]))
    access = folder / "pg_hba.conf"
    open_to_all = access.read_text()
    access.write_text(f"local all hpsearch,hpsearch_server scram-sha-256\n{open_to_all}")
    run_alone(
        url,
        f"CREATE ROLE hpsearch SUPERUSER LOGIN PASSWORD '{PASSWORD}'",
        "CREATE DATABASE hpsearch OWNER hpsearch",
        "SELECT pg_reload_conf()",
    )
    wire = Wire(folder / ".s.PGSQL.5432")
    yield wire
    wire.close()
    access.write_text(open_to_all)
    run_alone(url, "DROP DATABASE hpsearch WITH (FORCE)", "DROP ROLE hpsearch, hpsearch_server")
    run_alone(url, "SELECT pg_reload_conf()")


def test_a_job_runs_through_all_services(
    database: Wire, tmp_path: Path, undisturbed: Result
) -> None:
    secret, servers = tmp_path / "database_password", tmp_path / "server_password"
    secret.write_text(PASSWORD + "\n")
    servers.write_text(SERVER_PASSWORD + "\n")
    (tmp_path / "data").mkdir()
    create_certificates(tmp_path / "tls")
    scheduler, server = free_port(), free_port()
    places = {
        "scheduler:8786": f"127.0.0.1:{scheduler}",
        "db:5432": f"127.0.0.1:{database.port}",
        "/run/secrets/database_password": str(secret),
        "/run/secrets/server_password": str(servers),
        "/run/secrets": str(tmp_path / "tls"),
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - replaced, not bound to
        "8786": str(scheduler),
        "8000": str(server),
    }
    beside = {
        "HPSEARCH_DATA_DIR": str(tmp_path / "data"),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(database.port),
        # Equal bits are promised for equal kernels, and this machine may ask for certain ones.
        **{name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")},
    }
    url = URL.create(
        "postgresql+psycopg", "hpsearch", PASSWORD, "127.0.0.1", database.port, "hpsearch"
    )
    refuse_without_password(url)
    composition = Composition(FILE, places, beside, tmp_path)
    try:
        composition.start("migrate")
        composition.start("scheduler")
        composition.start("worker", count=2)
        composition.start("server")
        wait_until(lambda: composition.healthy("server"), 60, "the server is healthy")
        with httpx.Client(base_url=f"http://127.0.0.1:{server}", trust_env=False) as http:
            job = http.post("/api/v1/jobs", json=SPEC).json()["id"]
            path = f"/api/v1/jobs/{job}"
            wait_until(lambda: http.get(path).json()["state"] in ENDED, 120, "the job's end")
        assert composition.stop("server", timeout=10) == [0]
    finally:
        composition.close()
    assert result_of(url.render_as_string(hide_password=False), job) == undisturbed
    refuse_changes_of_tables(url.set(username="hpsearch_server", password=SERVER_PASSWORD))


def refuse_changes_of_tables(url: URL) -> None:
    engine = create_engine(url)
    for change in CHANGES:
        with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
            connection.exec_driver_sql(change)
        assert isinstance(refused.value.orig, InsufficientPrivilege), change
    engine.dispose()


def refuse_without_password(url: URL) -> None:
    engine = create_engine(url.set(password="wrong"))
    with pytest.raises(OperationalError, match="password"):
        engine.connect()
    engine.dispose()


def test_the_file_follows_the_compose_specification() -> None:
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_server_is_published_and_on_loopback(content: dict[str, Any]) -> None:
    published = {
        name: each["ports"] for name, each in content["services"].items() if "ports" in each
    }
    assert list(published) == ["server"]
    assert all(port.startswith("127.0.0.1:") for port in published["server"])


@pytest.mark.parametrize("name", OURS)
def test_our_services_have_no_powers(content: dict[str, Any], name: str) -> None:
    service = content["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service  # the image's own, who is not root


def test_the_image_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["hpsearch"]


def test_what_stops_is_started_again(content: dict[str, Any]) -> None:
    policies = {name: each["restart"] for name, each in content["services"].items()}
    assert policies.pop("migrate") == "no"
    assert set(policies.values()) == {"unless-stopped"}


def test_secrets_come_from_files(content: dict[str, Any]) -> None:
    assert all(set(secret) == {"file"} for secret in content["secrets"].values())
    for service in content["services"].values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("/run/secrets/")
