"""Every route with every method and every kind of credentials, as the running application has them.

A route that is not in the table fails `test_every_route_is_in_the_table`: say there who may use it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from api.failed_logins import FailedLogins
from api.gate import COOKIE, Gate
from hpsearch.access import LOCAL, Identity, Scope
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.digits import digits as built_in
from hpsearch.spec.submission import parse_submission
from hpsearch.tokens import TokenFile
from storage.user_jobs import Jobs
from tests.unit.api.conftest import open_server
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

OPEN, METRICS, READ, SUBMIT, OWNER, ADMIN, NOBODY = (
    "open", "metrics", "read", "submit", "owner", "admin", "nobody"
)  # fmt: skip
API = "/api/v1"
JOB = "/api/v1/jobs/{job_id}"

DASHBOARD = (
    "/dashboard",
    "/dashboard/{rest:path}",
    "/static/{rest:path}",
    "/api/meta",
    "/api/studies",
    "/api/studies/{rest:path}",
    "/api/trials/{rest:path}",
    "/csv/{rest:path}",
    "/favicon.ico",
)
"""For reading only, whoever asks."""

TABLE: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/login"): OPEN,
    ("POST", "/login"): OPEN,
    ("GET", "/login.css"): OPEN,
    ("POST", "/logout"): METRICS,
    ("GET", "/metrics"): METRICS,
    ("GET", "/readyz"): READ,
    ("GET", "/openapi.json"): READ,
    ("GET", "/"): READ,
    ("GET", "/assets/{version}/{name}"): READ,
    ("GET", "/compare"): READ,
    ("GET", "/datasets"): READ,
    ("GET", "/jobs"): READ,
    ("GET", "/jobs/{job_id}"): READ,
    ("GET", "/jobs/{job_id}/trials/{number}"): READ,
    ("GET", "/new"): READ,
    ("GET", "/docs"): READ,
    ("GET", "/docs/{name}"): READ,
    ("GET", "/api/v1"): READ,
    ("GET", "/api/v1/audit"): ADMIN,
    ("GET", "/api/v1/jobs"): READ,
    ("POST", "/api/v1/jobs"): SUBMIT,
    ("GET", JOB): READ,
    ("PATCH", JOB): OWNER,
    ("DELETE", JOB): OWNER,
    ("POST", f"{JOB}/cancel"): OWNER,
    ("POST", f"{JOB}/pause"): OWNER,
    ("POST", f"{JOB}/resume"): OWNER,
    ("POST", f"{JOB}/enqueue"): OWNER,
    ("POST", f"{JOB}/clone"): SUBMIT,
    ("GET", f"{JOB}/trials"): READ,
    ("GET", f"{JOB}/trials/{{number}}"): READ,
    ("GET", f"{JOB}/best"): READ,
    ("GET", f"{JOB}/rounds"): READ,
    ("GET", f"{JOB}/events"): READ,
    ("GET", f"{JOB}/digest"): READ,
    ("GET", f"{JOB}/certificate"): READ,
    ("GET", f"{JOB}/export"): READ,
    ("GET", f"{JOB}/model"): READ,
    ("GET", f"{JOB}/report.html"): READ,
    ("GET", f"{JOB}/trials/{{number}}/model"): READ,
    ("GET", f"{JOB}/trials/{{number}}/inside"): READ,
    ("GET", f"{JOB}/trials/{{number}}/inside/{{picture}}.png"): READ,
    ("POST", "/api/v1/imports"): SUBMIT,
    ("POST", "/api/v1/estimates"): READ,
    ("GET", "/api/v1/estimates/{estimate_id}"): READ,
    ("GET", "/api/v1/datasets"): READ,
    ("POST", "/api/v1/datasets"): SUBMIT,
    ("GET", "/api/v1/datasets/{name}"): READ,
    ("DELETE", "/api/v1/datasets/{name}"): OWNER,
    **{("GET", path): READ for path in DASHBOARD},
}
"""Who may: all with the scope, or a larger one; OWNER: whose it is and admins."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODIES: dict[str, Any] = {
    "/api/v1/jobs": SMALLEST,
    JOB: {"priority": 2},
    f"{JOB}/enqueue": {"params": {"learning_rate": 0.1}},
}
ALLOWED = {
    OPEN: {"none", "wrong", "expired", "revoked", "metrics", "read", "other", "owner", "admin"},
    METRICS: {"metrics", "read", "other", "owner", "admin"},
    READ: {"read", "other", "owner", "admin"},
    SUBMIT: {"other", "owner", "admin"},
    OWNER: {"owner", "admin"},
    ADMIN: {"admin"},
    NOBODY: set(),
}
UNKNOWN = ("none", "wrong", "expired", "revoked")


@dataclass
class Guarded:
    """A server with tokens, and the headers of each kind of credentials."""

    server: ServerInProcess
    gate: Gate
    owner: Identity
    headers: dict[str, dict[str, str]] = field(repr=False)  # secrets, which nobody shall read

    def ask(self, method: str, path: str, who: str, **more: Any) -> Any:
        self.gate.failed = FailedLogins()  # the many wrong tokens here are not what is looked at
        headers = {**self.headers[who], **more.pop("headers", {})}
        return self.server.client.request(method, path, headers=headers, **more)

    def new_job(self) -> str:
        """A job of the owner, which has ended: its events end too."""
        spec = parse_submission(dict(SMALLEST)).spec
        job, _ = Jobs(self.server.database).create(spec, owner=self.owner)
        self.server.run_a_little(job.id)
        self.server.end(job.id)
        return job.id


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    tokens = TokenFile(folder)
    scopes = {
        "metrics": Scope.METRICS,
        "read": Scope.READ,
        "other": Scope.SUBMIT,
        "owner": Scope.SUBMIT,
        "admin": Scope.ADMIN,
        "revoked": Scope.ADMIN,
    }
    secrets = {name: tokens.create(name, scope) for name, scope in scopes.items()}
    secrets["expired"] = tokens.create("expired", Scope.ADMIN, timedelta(seconds=-1))
    secrets["wrong"] = secrets["admin"][:-1] + ("A" if secrets["admin"][-1] != "A" else "B")
    tokens.revoke("revoked")
    headers = {name: {"Authorization": f"Bearer {secret}"} for name, secret in secrets.items()}
    gate = Gate(tokens)
    digits = built_in()
    arrays: dict[str, Any] = {"x": digits.training.images[:50, 0], "y": digits.training.labels[:50]}
    np.savez(folder / "own.npz", **arrays)
    Catalogue(folder).add("own", folder / "own.npz", owner="owner")
    with open_server(folder, sqlite_template, gate) as server:
        owner = Identity("owner", Scope.SUBMIT)
        yield Guarded(server, gate, owner, {"none": {}, **headers})


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, frozenset[str]]]:
    """Paths and methods, through all routers that are included; none for an ASGI application."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if not hasattr(route, "path") and inner is not None:
            yield from routes_of(inner.routes)
        elif getattr(inner, "routes", None) and not hasattr(route, "endpoint"):
            raise AssertionError(f"{route} is mounted: its routes are not known to this test")
        else:
            yield str(vars(route)["path"]), frozenset(getattr(route, "methods", None) or ())


def test_every_route_is_in_the_table(guarded: Guarded) -> None:
    client: TestClient = guarded.server.client
    found = {
        (method, path)
        for path, methods in routes_of(client.app.routes)  # type: ignore[attr-defined] # ours
        for method in (methods or {"GET"})
        if method != "HEAD"
    }
    assert found == set(TABLE), "say in TABLE who may use a new route, and drop what is gone"
    described = client.get("/openapi.json", headers=guarded.headers["read"]).json()["paths"]
    assert set(described) <= {path for _, path in TABLE}


@pytest.mark.parametrize("path", sorted({path for _, path in TABLE}))
def test_who_may(guarded: Guarded, path: str) -> None:
    for method in METHODS:
        may = _who_may(method, path)
        job = guarded.new_job() if "{job_id}" in path else ""
        # Those that are refused come first: they must not find what was already changed.
        order = sorted(guarded.headers, key=lambda who: who in ALLOWED[may])
        for who in order:
            filled = path.replace("{job_id}", job).replace("{number}", "0")
            filled = (
                filled.replace("{name}", "own" if path.startswith(API) else "docs.css")
                .replace("{rest:path}", "1")
                .replace("{estimate_id}", "e")
            )
            body = BODIES.get(path) if method in ("POST", "PATCH") else None
            status = guarded.ask(method, filled, who, json=body).status_code
            told = f"{method} {path} by {who}: {status}"
            if who in UNKNOWN and may != OPEN:
                assert status == 401, told
            elif who in ALLOWED[may]:
                assert status not in (403, 421, 429, 500), told
                assert status != 401 or path == "/login", told  # that is its answer to no token
            else:
                assert status == 403, told


def _who_may(method: str, path: str) -> str:
    declared = TABLE.get(("GET" if method == "HEAD" else method, path))
    if declared is not None:
        return declared
    if any(other == OPEN for (_, each), other in TABLE.items() if each == path):
        return OPEN
    if method in ("GET", "HEAD"):
        return READ  # and 405, as nothing is there for this method
    return NOBODY if path in DASHBOARD else SUBMIT


@pytest.mark.parametrize(
    "foreign",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
    ids=str,
)
def test_other_sites_get_nothing_whoever_is_logged_in(
    guarded: Guarded, foreign: dict[str, str]
) -> None:
    for _, path in TABLE:
        for method in METHODS:
            status = guarded.ask(method, path, "admin", headers=foreign).status_code
            assert status in (403, 421), f"{method} {path}: {status}"


def test_what_is_not_there_says_nothing_to_strangers(guarded: Guarded) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/docs/../metrics", "//metrics", "/healthz/"):
        assert guarded.ask("GET", path, "none").status_code == 401
    assert guarded.ask("GET", "/healthz", "none").json() == {"status": "ok"}


def test_the_job_of_another_names_its_owner(guarded: Guarded) -> None:
    job = guarded.new_job()
    answer = guarded.ask("POST", f"/api/v1/jobs/{job}/cancel", "other")
    assert answer.status_code == 403
    assert "belongs to owner" in answer.json()["detail"]
    assert guarded.ask("GET", f"/api/v1/jobs/{job}", "read").json()["owner"] == "owner"


def test_a_page_that_is_kept_names_its_reader_alone(guarded: Guarded) -> None:
    path = f"/jobs/{guarded.new_job()}"
    for who in ("owner", "other", "owner"):
        page = guarded.ask("GET", path, who).text
        assert f'<span title="scope submit">{who}</span>' in page
        assert page.count("/logout") == 1
        assert "reads it" not in page


def test_submitting_gives_the_job_its_owner_and_keys_are_their_own(guarded: Guarded) -> None:
    key = {"Idempotency-Key": "the-same"}
    answers = [
        guarded.ask("POST", "/api/v1/jobs", who, json=SMALLEST, headers=key)
        for who in ("owner", "other", "owner")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 200]
    assert [answer.json()["owner"] for answer in answers] == ["owner", "other", "owner"]


def test_every_change_is_a_line_of_the_audit_log(guarded: Guarded) -> None:
    job = guarded.new_job()
    clone = guarded.ask("POST", f"/api/v1/jobs/{job}/clone", "other", json={}).json()["id"]
    guarded.ask("POST", f"/api/v1/jobs/{clone}/cancel", "read")
    guarded.ask("POST", f"/api/v1/jobs/{clone}/cancel", "admin")
    lines = guarded.ask("GET", "/api/v1/audit", "admin", params={"limit": 2}).json()["items"]
    assert [(line["who"], line["what"]) for line in lines] == [
        ("admin", f"POST /api/v1/jobs/{clone}/cancel"),
        ("other", f"POST /api/v1/jobs/{job}/clone"),
    ]
    assert lines[1]["made"] == f"/api/v1/jobs/{clone}"


def test_a_token_that_is_revoked_ends_at_once(guarded: Guarded) -> None:
    secret = guarded.gate.tokens.create("short", Scope.READ)
    headers = {"Authorization": f"Bearer {secret}"}
    client = guarded.server.client
    assert client.get("/api/v1/jobs", headers=headers).status_code == 200
    TokenFile(guarded.gate.tokens.folder).revoke("short")  # another process
    assert client.get("/api/v1/jobs", headers=headers).status_code == 401


@pytest.mark.parametrize("by", ["token", "login"])
def test_what_lasts_ends_with_the_token_the_login_and_its_time(guarded: Guarded, by: str) -> None:
    tokens = guarded.gate.tokens
    secret = tokens.create("brief", Scope.READ)
    shown = ("authorization", f"Bearer {secret}")
    if by == "login":
        opened = tokens.log_in(secret)
        assert opened is not None
        shown = ("cookie", f"{COOKIE}={opened[0]}")
    headers = [(shown[0].encode(), shown[1].encode())]
    asked = {"type": "http", "scheme": "http", "headers": headers}
    reader = Identity("brief", Scope.READ)
    assert guarded.gate.still_knows(asked, reader)
    assert not guarded.gate.still_knows(asked, Identity("other", Scope.READ))
    TokenFile(tokens.folder).revoke("brief")  # another process
    assert not guarded.gate.still_knows(asked, reader)
    assert guarded.gate.still_knows({"headers": []}, LOCAL)


def test_who_keeps_guessing_waits(guarded: Guarded) -> None:
    guarded.gate.failed = FailedLogins()
    client, wrong = guarded.server.client, guarded.headers["wrong"]
    answers = [client.get("/api/v1/jobs", headers=wrong) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert client.get("/api/v1/jobs", headers=guarded.headers["read"]).status_code == 200
    guarded.gate.failed = FailedLogins()
