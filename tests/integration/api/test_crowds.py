"""More clients than the process has descriptors for: the server goes on answering."""

import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx

from harness.service import HPSEARCH, MakeService, Service

LIMITED = (
    sys.executable,
    "-c",
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
    "os.execv(sys.argv[1], sys.argv[1:])",
    *HPSEARCH,
)


def _lines(service: Service) -> int:
    return len(service.log.read_text().splitlines())


def test_half_open_connections_keep_nobody_out(make_service: MakeService, tmp_path: Path) -> None:
    service = make_service(command=LIMITED, workers=1)
    service.start()
    service.wait_until_leading()
    before = _lines(service)
    with ExitStack() as crowd:
        for _ in range(300):
            half = crowd.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        for _ in range(20):
            assert httpx.get(f"{service.url}/healthz", timeout=5, trust_env=False).is_success
            assert httpx.get(f"{service.url}/readyz", timeout=5, trust_env=False).is_success
    assert _lines(service) - before < 10
    assert service.started.terminate(timeout=5) == 0
