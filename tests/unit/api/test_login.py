"""The login page, its cookie, and who needs neither."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.failed_logins import FREE, MAX_ADDRESSES, FailedLogins
from api.gate import Gate, gate_of
from api.peer import KEY as PEER
from api.peer import Peer
from api.routes.login import local_target
from api.settings import Settings
from hpsearch.access import ANYONE, LOCAL, Scope
from hpsearch.errors import InvalidSettings
from hpsearch.tokens import TokenFile
from tests.unit.api.conftest import open_server

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path)


@pytest.fixture
def client(tmp_path: Path, sqlite_template: Path, tokens: TokenFile) -> Iterator[TestClient]:
    with open_server(tmp_path, sqlite_template, Gate(tokens)) as server:
        yield server.client


def test_strangers_are_sent_to_the_login_and_back(client: TestClient, tokens: TokenFile) -> None:
    answer = client.get("/docs?a=b", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/docs%3Fa%3Db"
    page = client.get(answer.headers["location"])
    assert 'value="/docs?a=b"' in page.text
    secret = tokens.create("ann", Scope.SUBMIT)
    answer = client.post("/login", data={"token": secret, "next": "/docs?a=b"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs?a=b")
    assert client.get("/docs", headers=HTML).status_code == 200
    assert "You are ann" in client.get("/login").text
    assert secret not in client.get("/login").text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    client: TestClient, tokens: TokenFile, scheme: str
) -> None:
    secret = tokens.create("ann", Scope.READ)
    client.base_url = f"{scheme}://testserver"
    cookie = client.post("/login", data={"token": secret}).headers["set-cookie"]
    parsed = next(iter(SimpleCookie(cookie).values()))
    assert parsed["httponly"]
    assert parsed["samesite"] == "strict"
    assert parsed["path"] == "/"
    assert bool(parsed["secure"]) == (scheme == "https")
    assert parsed.key.startswith("__Host-") == (scheme == "https")
    assert secret not in cookie


def test_logout_ends_the_login_itself(client: TestClient, tokens: TokenFile) -> None:
    client.post("/login", data={"token": tokens.create("ann", Scope.READ)})
    kept = dict(client.cookies)
    assert client.get("/api/v1/jobs").status_code == 200
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    client.cookies.update(kept)  # somebody copied it
    assert client.get("/api/v1/jobs").status_code == 401


def test_a_wrong_token_is_refused_and_slowed_down(client: TestClient, tokens: TokenFile) -> None:
    secret = tokens.create("ann", Scope.READ)
    for _ in range(FREE):
        answer = client.post("/login", data={"token": "hps_wrong"})
        assert answer.status_code == 401
        assert "not valid" in answer.text
    answer = client.post("/login", data={"token": secret})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_a_form_has_a_size(client: TestClient) -> None:
    assert client.post("/login", content=b"x" * 5000).status_code == 413


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/jobs/a?b=c#d", "/jobs/a?b=c#d"),
        ("", "/"),
        ("jobs", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/\t/evil.example", "/"),
        ("//[", "/"),
        ("/" + "a" * 1000, "/"),
    ],
)
def test_a_login_goes_on_to_this_server_alone(wanted: str, target: str) -> None:
    assert local_target(wanted) == target


def test_what_is_said_on_the_page_is_text(client: TestClient) -> None:
    assert "<script>" not in client.get("/login", params={"next": '/"><script>'}).text


@pytest.mark.parametrize("cookie", ["hpsearch-login=x", "hpsearch-login", "=", "a=\x7f", "x" * 999])
def test_cookies_that_mean_nothing(client: TestClient, cookie: str) -> None:
    assert client.get("/api/v1/jobs", headers={"cookie": cookie}).status_code == 401


@pytest.mark.parametrize("given", ["Basic YTpi", "Bearer", "Bearer ", "Bearer " + "x" * 300, "x"])
def test_authorization_that_means_nothing(client: TestClient, given: str) -> None:
    answer = client.get("/api/v1/jobs", headers={"authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


class _PeerIs:
    """Gives requests a connection of this user, as the protocol does."""

    def __init__(self, app: object, uid: int | None) -> None:
        self._app, self._uid = app, uid

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
        peer = Peer(None, None)
        peer.__dict__["uid"] = self._uid
        state = scope.setdefault("state", {})
        assert isinstance(state, dict)
        state[PEER] = peer
        await self._app(scope, receive, send)  # type: ignore[operator] # an ASGI application


@pytest.mark.parametrize(
    ("uid", "headers", "status"),
    [
        (0, {}, 200),
        (1, {}, 401),
        (None, {}, 401),
        (0, {"X-Forwarded-For": "10.0.0.1"}, 401),
        (0, {"Forwarded": "for=10.0.0.1"}, 401),
        (0, {"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_on_loopback_the_user_who_started_it_needs_no_token(
    client: TestClient,
    tokens: TokenFile,
    monkeypatch: pytest.MonkeyPatch,
    uid: int | None,
    headers: dict[str, str],
    status: int,
) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)
    gate = client.app.state.gate  # type: ignore[attr-defined] # ours
    monkeypatch.setattr(gate, "_local", True)
    with TestClient(_PeerIs(client.app, uid)) as local:  # type: ignore[arg-type] # see above
        assert local.get("/api/v1/jobs", headers=headers).status_code == status


def test_who_starts_without_tokens(tmp_path: Path) -> None:
    everywhere = Settings(host="0.0.0.0", data_dir=tmp_path)  # noqa: S104 - nothing is bound
    with pytest.raises(InvalidSettings, match=r"no token is valid.*hpsearch token create"):
        gate_of(everywhere)
    with pytest.raises(InvalidSettings, match="a proxy lets others in"):
        gate_of(Settings(data_dir=tmp_path, trusted_proxies="127.0.0.1"))
    TokenFile(tmp_path).create("ann", Scope.READ)
    scope = {"type": "http", "headers": [], "scheme": "http"}
    assert gate_of(everywhere).identify(scope) is None


def test_without_authentication_everybody_is_admin_and_it_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(host="0.0.0.0", data_dir=tmp_path, insecure_no_auth=True)  # noqa: S104
    scope = {"type": "http", "headers": [], "scheme": "http"}
    assert gate_of(settings).identify(scope) == ANYONE
    assert "without authentication: whoever reaches 0.0.0.0 may" in caplog.text
    assert LOCAL != ANYONE


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("::", False),
        ("10.0.0.1", False),
        ("node7", False),
    ],
)
def test_what_is_loopback(host: str, alone: bool) -> None:
    assert Settings(host=host).on_loopback == alone


def test_failures_are_forgotten_and_bounded() -> None:
    now = 0.0
    failed = FailedLogins(lambda: now)
    waits = []
    for _ in range(FREE + 12):
        waits.append(failed.wait("10.0.0.1"))
        failed.note("10.0.0.1")
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE : FREE + 3] == [1.0, 2.0, 4.0]
    assert waits[-1] == 300.0
    assert failed.wait("10.0.0.2") == 0.0
    now = 901.0
    assert failed.wait("10.0.0.1") == 0.0
    for number in range(MAX_ADDRESSES + 10):
        failed.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(failed._failures) == MAX_ADDRESSES


def test_all_addresses_of_an_ipv6_network_are_one() -> None:
    failed = FailedLogins(lambda: 0.0)
    for number in range(FREE + 1):
        failed.note(f"2001:db8::{number:x}")
    assert failed.wait("2001:db8::ffff:1") > 0
    assert failed.wait("2001:db8:0:1::1") == 0.0
