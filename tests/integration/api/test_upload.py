"""An upload to a real server: seen by others on its way, one at a time, gone if the server dies."""

import socket
from pathlib import Path

import httpx2 as httpx

from harness.service import Service, wait_until
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.hostile_uploads import arrays, npz

PATH = "/api/v1/datasets"
PART = b'--a\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'


def _begin(service: Service, token: str) -> socket.socket:
    """Send a part of an upload, and keep the connection open."""
    connection = socket.create_connection(("127.0.0.1", service.port))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 100000\r\n\r\n"
    )
    connection.sendall(head.encode() + PART % b"name" + b"slow\r\n" + PART % b"file" + bytes(9000))
    return connection


def test_an_upload_is_seen_and_leaves_nothing_if_the_server_is_killed(tmp_path: Path) -> None:
    token = TokenFile(tmp_path).create("ann", Scope.SUBMIT)
    folder = tmp_path / "datasets"
    with Service(tmp_path, workers=1, token=token) as service, _begin(service, token):
        looks: list[httpx.Response] = []

        def seen() -> bool:
            looks.append(service.http.get(f"{PATH}/slow"))
            return looks[-1].status_code == 200

        wait_until(seen, 20, "the upload is seen")
        assert looks[-1].json()["fetching"]["state"] == "receiving"
        assert not looks[-1].json()["available"]
        second = service.http.post(
            PATH, data={"name": "two"}, files={"file": ("a.npz", npz(arrays()))}
        )
        assert second.status_code == 429
        assert "retry-after" in second.headers
        assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["draft"]
        service.kill()
        service.start()
        assert list(folder.iterdir()) == []
        kept = service.http.post(
            PATH, data={"name": "two"}, files={"file": ("a.npz", npz(arrays()))}
        )
        assert kept.status_code == 201, kept.text


def test_an_upload_that_its_sender_gives_up_leaves_nothing(tmp_path: Path) -> None:
    token = TokenFile(tmp_path).create("ann", Scope.SUBMIT)
    folder = tmp_path / "datasets"
    with Service(tmp_path, workers=1, token=token) as service:
        with _begin(service, token):
            wait_until(lambda: folder.exists() and any(folder.iterdir()), 20, "a draft")
        wait_until(lambda: not any(folder.iterdir()), 20, "nothing is left")
