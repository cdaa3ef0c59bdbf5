"""A real receiver is told that a job ended, though it and the server were away."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.service import MakeService, wait_until
from tests.integration.api.specs import TINY

SECRET = b"0123456789abcdef01234567"


class Receiver(ThreadingHTTPServer):
    """Answers 500 until it is told to take what comes; keeps what it took."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.takes = False
        self.refused = 0
        self.taken: list[tuple[dict[str, str], bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.takes:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.taken.append((headers, body))
        else:
            self.server.refused += 1
        self.send_response(204 if self.server.takes else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened
        opened.shutdown()


def test_a_job_ends_and_its_receiver_is_told_across_a_kill(
    make_service: MakeService, receiver: Receiver, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"whsec_{base64.b64encode(SECRET).decode()}\n")
    variables = {
        "HPSEARCH_WEBHOOK_HOSTS": receiver.host,
        "HPSEARCH_WEBHOOK_SECRET_FILE": str(file),
    }
    with make_service(workers=1, environment=variables) as server:
        notify = {"url": f"http://{receiver.host}/hook"}
        job = server.submit(TINY | {"notify": notify})
        digest = server.http.get(f"/api/v1/jobs/{server.submit(TINY)}/digest")
        ended = server.wait_for_end(job)
        wait_until(lambda: receiver.refused > 0, 20, "an attempt that was refused")
        server.kill()
        receiver.takes = True
        server.start()
        wait_until(lambda: len(receiver.taken) >= 2, 30, "both messages")
        assert "notify" not in json.dumps(ended)
        assert digest.status_code == 200
    kinds = []
    for headers, body in receiver.taken:
        signature = headers["webhook-signature"].removeprefix("v1,")
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mine = hmac.digest(SECRET, content, hashlib.sha256)
        assert base64.b64decode(signature) == mine
        told = json.loads(body)
        assert told["data"]["job"]["id"] == job
        assert told["data"]["job"]["state"] == "completed"
        kinds.append(told["type"])
    assert kinds == ["certificate.ready", "job.ended"]
