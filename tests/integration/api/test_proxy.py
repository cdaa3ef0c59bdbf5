"""Behind nginx, as docs/deploy.md configures it."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.service import Service, free_port, wait_until
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.integration.api.specs import ENDLESS

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
DEPLOY = Path(__file__).parents[3] / "docs" / "deploy.md"
ROOT = "/search"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def _configuration(port: int, upstream: int, folder: Path) -> str:
    [location] = re.findall(r"```nginx\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("proxy", "client_body", "fastcgi")
    )
    return (
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} uwsgi_temp_path {folder}/uwsgi;"
        f" scgi_temp_path {folder}/scgi; server {{ listen 127.0.0.1:{port};\n"
        f"{location.replace('127.0.0.1:8000', f'127.0.0.1:{upstream}')} }} }}\n"
    )


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("proxy")
    port = free_port()
    environment = {"HPSEARCH_ROOT_PATH": ROOT, "HPSEARCH_TRUSTED_PROXIES": "127.0.0.1"}
    token = TokenFile(folder / "data").create("tester", Scope.SUBMIT)
    with Service(folder / "data", workers=1, environment=environment, token=token) as service:
        service.wait_until_leading()
        configuration = folder / "nginx.conf"
        configuration.write_text(_configuration(port, service.port, folder))
        assert NGINX is not None
        nginx = subprocess.Popen([NGINX, "-c", str(configuration), "-p", str(folder)])
        try:
            base = f"http://127.0.0.1:{port}{ROOT}"
            with httpx.Client(base_url=base, timeout=20, trust_env=False) as client:
                client.headers["Authorization"] = f"Bearer {token}"

                def answers() -> bool:
                    try:
                        return client.get("/readyz").status_code == 200
                    except httpx.HTTPError:
                        return False

                wait_until(answers, 20, "nginx")
                yield client
        finally:
            nginx.terminate()
            nginx.wait(10)


def test_pages_links_and_changes_work_through_it(proxied: httpx.Client) -> None:
    origin = str(proxied.base_url).removesuffix(f"{ROOT}/")
    sent = proxied.post("/api/v1/jobs", json=ENDLESS, headers={"Origin": origin})
    assert sent.status_code == 201, sent.text
    job = sent.json()
    assert sent.headers["location"] == f"{ROOT}/api/v1/jobs/{job['id']}"
    for link in job["links"].values():
        if not link.endswith("/events"):
            assert proxied.get(origin + link).status_code == 200, link
    foreign = {"Origin": "http://evil.example"}
    assert proxied.post("/api/v1/jobs", json=ENDLESS, headers=foreign).status_code == 403
    assert proxied.get("/docs").status_code == 200
    assert f"{ROOT}/static/bundle.js" in proxied.get("/dashboard").text
    proxied.post(f"/api/v1/jobs/{job['id']}/cancel")


def test_events_come_through_as_they_happen(proxied: httpx.Client) -> None:
    job = proxied.post("/api/v1/jobs", json=ENDLESS).json()["id"]
    began = time.monotonic()
    with proxied.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        for line in events.iter_lines():
            if line == "event: trial_reported":
                break  # the job goes on for hours: nothing waited for its end
    assert time.monotonic() - began < 60
    proxied.post(f"/api/v1/jobs/{job}/cancel")
