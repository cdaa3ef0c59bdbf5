"""Behind nginx and Caddy, as docs/deploy.md configures them."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.service import Service, free_port, wait_until
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.integration.api.specs import ENDLESS

PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
DEPLOY = Path(__file__).parents[3] / "docs" / "deploy.md"
ROOT = "/search"


def _example(language: str, upstream: int) -> str:
    """The example of the docs, with the ports of this test."""
    [found] = re.findall(rf"```{language}\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    return str(found).replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")


def _nginx(port: int, upstream: int, folder: Path) -> list[str]:
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("proxy", "client_body", "fastcgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} uwsgi_temp_path {folder}/uwsgi;"
        f" scgi_temp_path {folder}/scgi; server {{ listen 127.0.0.1:{port};\n"
        f"{_example('nginx', upstream)} }} }}\n"
    )
    return ["-c", str(configuration), "-p", str(folder)]


def _caddy(port: int, upstream: int, folder: Path) -> list[str]:
    configuration = folder / "Caddyfile"
    ours = _example("caddyfile", upstream).replace("hpsearch.example", f"http://127.0.0.1:{port}")
    configuration.write_text(f"{{\n\tadmin off\n}}\n{ours}")
    return ["run", "--adapter", "caddyfile", "--config", str(configuration)]


PROXIES = {"nginx": _nginx, "caddy": _caddy}


@pytest.fixture(scope="module", params=PROXIES)
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    program = shutil.which(request.param, path=PATH)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp("proxy")
    port = free_port()
    environment = {"HPSEARCH_ROOT_PATH": ROOT, "HPSEARCH_TRUSTED_PROXIES": "127.0.0.1"}
    token = TokenFile(folder / "data").create("tester", Scope.SUBMIT)
    with Service(folder / "data", workers=1, environment=environment, token=token) as service:
        service.wait_until_leading()
        arguments = PROXIES[request.param](port, service.port, folder)
        proxy = subprocess.Popen([program, *arguments], env={**os.environ, "HOME": str(folder)})
        try:
            base = f"http://127.0.0.1:{port}{ROOT}"
            with httpx.Client(base_url=base, timeout=20, trust_env=False) as client:
                client.headers["Authorization"] = f"Bearer {token}"

                def answers() -> bool:
                    try:
                        return client.get("/readyz").status_code == 200
                    except httpx.HTTPError:
                        return False

                wait_until(answers, 20, request.param)
                yield client
        finally:
            proxy.terminate()
            proxy.wait(10)


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
