"""Certificates that the parts of a cluster know each other by."""

import ssl
from pathlib import Path

import pytest

from hpsearch.cli.certificates import PARTS, create_certificates
from hpsearch.errors import InvalidSettings


def _context(folder: Path, part: str, server: bool) -> ssl.SSLContext:
    kind = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(kind)
    context.load_cert_chain(folder / f"{part}.pem", folder / f"{part}.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """In memory; raises SSLError if one does not trust the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    done = set()
    for _ in range(10):
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass
    assert len(done) == 2


@pytest.mark.parametrize("part", ["worker", "server"])
@pytest.mark.parametrize("host", ["scheduler.lan", "10.0.0.7", "localhost"])
def test_parts_of_one_authority_trust_each_other(tmp_path: Path, part: str, host: str) -> None:
    create_certificates(tmp_path / "tls", hosts="scheduler.lan,10.0.0.7")
    folder = tmp_path / "tls"
    _shake_hands(_context(folder, part, False), _context(folder, "scheduler", True), host)


def test_a_part_of_another_authority_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        create_certificates(tmp_path / name, hosts="scheduler")
    client = _context(tmp_path / "a", "worker", False)
    with pytest.raises(ssl.SSLError):
        _shake_hands(client, _context(tmp_path / "b", "scheduler", True), "scheduler")


def test_keys_are_private_and_nothing_is_written_over(tmp_path: Path) -> None:
    create_certificates(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "ca.pem",
        *(f"{part}.{kind}" for part in PARTS for kind in ("pem", "key")),
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    with pytest.raises(InvalidSettings, match="not empty"):
        create_certificates(tmp_path)


def test_a_host_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="--hosts"):
        create_certificates(tmp_path / "tls", hosts="schéduler")
