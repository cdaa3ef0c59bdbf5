"""Which user is at the other end of a connection over loopback."""

import os
import socket
from pathlib import Path

import pytest

from api import peer
from api.peer import Peer

pytestmark = pytest.mark.slow  # opens sockets


def _refused(*_: object) -> int | None:
    raise PermissionError


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "listed"])
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_the_user_of_a_connection(
    family: socket.AddressFamily, host: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked:
        monkeypatch.setattr(peer, "TABLES", {})
    else:
        monkeypatch.setattr(peer, "_asked", _refused)
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2]) as client:
            server, _ = listener.accept()
            with server:
                found = Peer(client.getsockname()[:2], server.getsockname()[:2])
                assert found.uid == os.getuid()
                client.close()
                # What is left of a closed socket belongs to nobody, not to user 0.
                assert Peer(found._client, found._server).uid is None


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (("10.0.0.1", 5000), ("10.0.0.1", 8000)),
        (("127.0.0.1", 5000), ("10.0.0.1", 8000)),
        (("127.0.0.1", 1), ("127.0.0.1", 1)),
        (("testclient", 5000), ("testserver", 80)),
        (None, None),
    ],
)
def test_other_connections_have_no_user(
    client: tuple[str, int] | None, server: tuple[str, int] | None
) -> None:
    assert Peer(client, server).uid is None


def test_a_closed_socket_of_root_is_not_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "_asked", _refused)
    table = tmp_path / "tcp"
    line = "0: 0100007F:1388 0100007F:1F40 {state} 0:0 00:0 0 {uid} 0 {inode}\n"
    monkeypatch.setitem(peer.TABLES, 4, table)
    ends = (("127.0.0.1", 5000), ("127.0.0.1", 8000))
    table.write_text("sl\n" + line.format(state="05", uid=0, inode=0))
    assert Peer(*ends).uid is None
    table.write_text("sl\n" + line.format(state="01", uid=1000, inode=77))
    assert Peer(*ends).uid == 1000
