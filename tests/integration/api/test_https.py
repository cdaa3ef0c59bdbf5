"""HTTPS with what `hpsearch certificates create` made, and the proxies that are believed."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from harness.service import Service
from hpsearch.access import Scope
from hpsearch.cli.certificates import create_certificates
from hpsearch.tokens import TokenFile

LOGIN = "/login"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("https")


@pytest.fixture(scope="module")
def token(folder: Path) -> str:
    return TokenFile(folder / "data").create("ann", Scope.SUBMIT)


@pytest.fixture(scope="module")
def service(folder: Path, token: str) -> Iterator[Service]:
    tls = folder / "tls"
    create_certificates(tls, hosts="127.0.0.1")
    environment = {
        "HPSEARCH_TLS_CERT": str(tls / "server.pem"),
        "HPSEARCH_TLS_KEY": str(tls / "server.key"),
        "HPSEARCH_TRUSTED_PROXIES": "127.0.0.1",
    }
    made = Service(folder / "data", workers=1, environment=environment)
    made.http.close()
    made.url = made.url.replace("http://", "https://")
    made.http = _client(made, folder)
    made.http.headers["Authorization"] = f"Bearer {token}"
    with made as service:
        yield service


def _client(service: Service, folder: Path, address: str | None = None) -> httpx.Client:
    """Trusts the authority alone. address: where it connects from."""
    trusted = ssl.create_default_context(cafile=folder / "tls" / "ca.pem")
    transport = httpx.HTTPTransport(verify=trusted, local_address=address)
    return httpx.Client(base_url=service.url, transport=transport, timeout=20)


def test_the_certificate_is_trusted_by_its_authority_alone(service: Service, folder: Path) -> None:
    assert service.http.get("/api/v1/jobs").status_code == 200
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(service.url, trust_env=False)


def test_plain_http_is_not_answered(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answered = b""
        while part := connection.recv(1000):
            answered += part
    assert b"HTTP" not in answered


def test_a_login_over_tls_is_a_cookie_for_tls_and_this_host(
    service: Service, folder: Path, token: str
) -> None:
    with _client(service, folder) as browser:
        answer = browser.post(LOGIN, data={"token": token}, headers={"Origin": service.url})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "samesite=strict" in cookie.lower()
        assert browser.get("/api/v1/jobs").status_code == 200


def test_forwarded_addresses_are_believed_of_trusted_proxies_alone(
    service: Service, folder: Path
) -> None:
    def statuses(address: str) -> list[int]:
        """Of twelve guesses through a proxy at this address, each for another client."""
        with _client(service, folder, address) as proxy:
            headers = {"Authorization": "Bearer wrong"}
            return [
                proxy.get(
                    "/api/v1/jobs", headers={**headers, "X-Forwarded-For": f"203.0.113.{number}"}
                ).status_code
                for number in range(12)
            ]

    assert set(statuses("127.0.0.1")) == {401}
    assert 429 in statuses("127.0.0.2")
