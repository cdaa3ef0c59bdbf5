"""Whom the server answers: its own names, and no page of another site."""

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from api.middleware.host_guard import HostGuard
from api.settings import Settings


def _client(settings: Settings) -> TestClient:
    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", hello)])
    app.add_middleware(HostGuard, hosts=settings.hosts)
    return TestClient(app)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("10.0.0.7", 200),
        ("search.example:8000", 200),
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("localhost.evil.example", 421),
        ("", 421),
        ("[::1", 421),
    ],
)
def test_host_names(host: str, status: int) -> None:
    client = _client(Settings(host="10.0.0.7", allowed_hosts="Search.example"))
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_server_bound_to_all_addresses_takes_only_its_names() -> None:
    everywhere = _client(Settings(host="0.0.0.0"))  # noqa: S104 - nothing is bound here
    assert everywhere.get("/", headers={"host": "node7"}).status_code == 421
    named = _client(Settings(host="0.0.0.0", allowed_hosts="node7"))  # noqa: S104 - as above
    assert named.get("/", headers={"host": "node7"}).status_code == 200
    assert named.get("/", headers={"host": "node8"}).status_code == 421


@pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::7"])
def test_the_address_that_a_connection_came_to_is_its_own(address: str) -> None:
    base = f"http://[{address}]:8000" if ":" in address else f"http://{address}:8000"
    settings = Settings(host="0.0.0.0")  # noqa: S104 - nothing is bound here
    client = TestClient(_client(settings).app, base_url=base)
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"host": "10.1.2.4"}).status_code == 421


def test_a_host_name_is_not_an_address_of_its_own() -> None:
    client = TestClient(_client(Settings()).app, base_url="http://testserver")
    assert client.get("/").status_code == 421


def test_no_setting_lets_any_name_in() -> None:
    with pytest.raises(ValidationError, match="name each host"):
        Settings(allowed_hosts="*")


def test_two_hosts_are_none() -> None:
    answer = _client(Settings()).get("/", headers=[("host", "localhost"), ("host", "localhost")])
    assert answer.status_code == 421
