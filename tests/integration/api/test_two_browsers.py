"""Two people with a browser each: both see everything, each changes only what is theirs."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from harness.service import Service
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.integration.api.specs import ENDLESS

CALL = """async ([method, path, body]) => {
  const answer = await fetch(path, {method, body: body && JSON.stringify(body),
    headers: body ? {'Content-Type': 'application/json'} : {}});
  return [answer.status, await answer.json()];
}"""


def _logged_in(browser: Browser, service: Service, token: str) -> Page:
    """A browser of its own, which is sent to the login by the page that it asks for."""
    page = browser.new_context().new_page()
    page.goto(f"{service.url}/docs")
    expect(page).to_have_url(f"{service.url}/login?next=/docs")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{service.url}/docs")
    return page


def _call(page: Page, method: str, path: str, body: object = None) -> tuple[int, Any]:
    status, answer = page.evaluate(CALL, [method, path, body])
    return status, answer


def test_each_changes_only_what_is_theirs(tmp_path: Path, browser: Browser) -> None:
    tokens = TokenFile(tmp_path)
    ann, bob = (tokens.create(name, Scope.SUBMIT) for name in ("ann", "bob"))
    # With a proxy before it, even the user who started it has to log in.
    environment = {"HPSEARCH_TRUSTED_PROXIES": "127.0.0.9"}
    with Service(tmp_path, workers=1, environment=environment, token=ann) as service:
        first, second = (_logged_in(browser, service, token) for token in (ann, bob))
        status, job = _call(first, "POST", "/api/v1/jobs", ENDLESS)
        assert (status, job["owner"]) == (201, "ann")
        path = f"/api/v1/jobs/{job['id']}"
        assert _call(second, "GET", path)[0] == 200
        for method, to, body in (
            ("POST", f"{path}/cancel", None),
            ("PATCH", path, {"priority": 9}),
            ("DELETE", path, None),
        ):
            status, problem = _call(second, method, to, body)
            assert (status, "belongs to ann" in problem["detail"]) == (403, True)
        assert _call(second, "GET", "/api/v1/audit")[0] == 403
        assert _call(first, "POST", f"{path}/cancel")[0] == 202
        assert first.evaluate("document.cookie") == ""  # scripts cannot read the login
        tokens.revoke("bob")
        assert _call(second, "GET", path)[0] == 401
        first.goto(f"{service.url}/login")
        first.get_by_role("button", name="Log out").click()
        first.goto(f"{service.url}/docs")
        expect(first).to_have_url(f"{service.url}/login?next=/docs")
