"""The image: what its user may do on a read-only file system, and how it is watched and stopped."""

import re
import signal
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest

from harness.results import SPEC
from harness.service import ENDED, Started, free_port, wait_until
from tests.integration.compose.image import Image, can_be_entered

PATIENCE = 60  # seconds
SMALL = {**SPEC, "budget": {"trials": 2}}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    if not can_be_entered():
        pytest.skip("only root, with setpriv and mount namespaces, can be the image's user")
    return Image(tmp_path, free_port())


def output(started: Started, image: Image) -> str:
    """What a command wrote once it has ended, whether well or not."""
    started.process.wait(PATIENCE)
    started.close()
    text = (image.folder / "image.log").read_text()
    (image.folder / "image.log").unlink()
    return text


def test_the_steps_end_in_a_server_without_any_rights(image: Image) -> None:
    image.build()
    refused = output(image.run(image.command()), image)
    assert "hpsearch token create" in refused
    trying = "echo x > /data/x; for d in /opt/hpsearch /home /var/tmp /; do echo x > $d/x; done; id"
    here = trying.replace("/data", str(image.data)).replace("/opt", str(image.opt))
    tried = output(image.run(["sh", "-c", here]), image)
    assert tried.count("cannot create") == 4
    assert tried.count("Read-only file system") == 4
    assert f"uid={image.user_id} gid={image.user_id}" in tried
    made = output(image.run(["hpsearch", "token", "create", "me", "--scope", "admin"]), image)
    [token] = re.findall(r"hps_\S{43}", made)
    server = image.run(image.command(), HPSEARCH_WORKERS="1")
    try:
        wait_until(lambda: healthy(image), PATIENCE, "healthy")
        assert rights(server) == {"0" * 16}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{image.port}"
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=20) as http:
            job = f"/api/v1/jobs/{http.post('/api/v1/jobs', json=SMALL).json()['id']}"
            wait_until(lambda: http.get(job).json()["state"] in ENDED, PATIENCE, "the job's end")
            assert http.get(job).json()["state"] == "completed"
        server.process.send_signal(signal.Signals[image.only("STOPSIGNAL")])
        assert server.process.wait(10) == 0
        assert not healthy(image)
    finally:
        server.close()


def healthy(image: Image) -> bool:
    checking = image.run(image.health_check())
    code = checking.process.wait(PATIENCE)
    checking.close()
    return code == 0


def rights(server: Started) -> set[str]:
    """The capabilities, effective and otherwise, of the server and what it started."""
    found = set()
    for process in psutil.Process(server.pid).children(recursive=True):
        status = Path(f"/proc/{process.pid}/status").read_text()
        found.update(re.findall(r"Cap\w+:\s(\w+)", status))
        assert re.search(r"NoNewPrivs:\s1", status)
    return found


def test_what_the_image_says_of_itself(tmp_path: Path) -> None:
    image = Image(tmp_path, 8000)
    assert image.only("USER") == "hpsearch"
    assert image.only("VOLUME") == "/data"
    assert image.only("STOPSIGNAL") == "SIGTERM"
    for label in ("title", "description", "licenses"):
        assert f"org.opencontainers.image.{label}=" in image.only("LABEL")
    assert all("@sha256:" in rest for name, rest in image.instructions if name == "ARG")
