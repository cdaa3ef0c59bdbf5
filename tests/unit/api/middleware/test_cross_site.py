"""No page of another site uses the server: it may link to our pages, and that is all."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from api.middleware.cross_site import CrossSite

METHODS = ["GET", "POST"]


@pytest.fixture(scope="module")
def client() -> TestClient:
    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/{rest:path}", hello, methods=METHODS)])
    app.add_middleware(CrossSite)
    return TestClient(app, base_url="http://localhost:8000")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://localhost:8000", 200),
        ("https://localhost:8000", 200),  # a proxy before us may have ended TLS
        ("http://LOCALHOST:8000", 200),
        ("ftp://localhost:8000", 403),
        ("http://evil.example", 403),
        ("http://localhost:9000", 403),
        ("http://localhost:8000@evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[::1", 403),
    ],
)
def test_origins(client: TestClient, method: str, origin: str | None, status: int) -> None:
    headers = {} if origin is None else {"origin": origin}
    assert client.request(method, "/api/v1/jobs", headers=headers).status_code == status


def test_two_origins_are_refused(client: TestClient) -> None:
    own = "http://localhost:8000"
    assert client.get("/", headers=[("origin", own), ("origin", own)]).status_code == 403


def test_a_page_fetched_over_https_does_not_write_from_http(client: TestClient) -> None:
    secure = TestClient(client.app, base_url="https://localhost")
    assert secure.post("/", headers={"origin": "https://localhost"}).status_code == 200
    assert secure.post("/", headers={"origin": "http://localhost"}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_reads_by_other_sites_are_refused(client: TestClient, site: str) -> None:
    fetched = {"sec-fetch-site": site, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    image = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    frame = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    for headers in (fetched, image, frame):
        answer = client.get("/dashboard", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/docs#problem-origin"
    for page in ("/", "/docs", "/dashboard/studies/1"):
        assert client.get(page, headers=link).status_code == 200
        assert client.post(page, headers=link).status_code == 403
    assert client.get("/api/v1/jobs", headers=link).status_code == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_own_pages_and_the_address_bar_read(client: TestClient, site: str) -> None:
    assert client.get("/api/v1/jobs", headers={"sec-fetch-site": site}).status_code == 200
