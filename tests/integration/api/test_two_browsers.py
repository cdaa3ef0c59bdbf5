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

LISTEN = """path => {
  document.body.innerHTML = '<p id="stream"></p>';
  const shown = document.getElementById('stream'), stream = new EventSource(path);
  stream.onopen = () => { shown.textContent = 'open'; };
  stream.onerror = () => { shown.textContent = 'ended'; stream.close(); };
}"""


def _logged_in(browser: Browser, service: Service, token: str, urls: list[str]) -> Page:
    """A browser of its own, which is sent to the login by the page that it asks for.

    urls: gets all that it asks for.
    """
    page = browser.new_context().new_page()
    page.on("request", lambda request: urls.append(request.url))
    page.goto(f"{service.url}/docs")
    expect(page).to_have_url(f"{service.url}/login?next=/docs")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{service.url}/docs")
    return page


def _call(page: Page, method: str, path: str, body: object = None) -> tuple[int, Any]:
    status, answer = page.evaluate(CALL, [method, path, body])
    return status, answer


def _listen(page: Page, path: str) -> None:
    """Shows in the page how a stream of events is."""
    page.evaluate(LISTEN, path)


def test_each_changes_only_what_is_theirs(tmp_path: Path, browser: Browser) -> None:
    tokens = TokenFile(tmp_path)
    ann, bob = (tokens.create(name, Scope.SUBMIT) for name in ("ann", "bob"))
    # With a proxy before it, even the user who started it has to log in.
    environment = {"HPSEARCH_TRUSTED_PROXIES": "127.0.0.9"}
    with Service(tmp_path, workers=1, environment=environment, token=ann) as service:
        urls: list[str] = []
        first, second = (_logged_in(browser, service, token, urls) for token in (ann, bob))
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
        assert first.evaluate("document.cookie") == ""  # scripts cannot read the login
        _listen(second, f"{path}/events")
        expect(second.locator("#stream")).to_have_text("open")
        tokens.revoke("bob")
        assert _call(second, "GET", path)[0] == 401
        expect(second.locator("#stream")).to_have_text("ended")
        first.goto(f"{service.url}/jobs/{job['id']}")
        expect(first.locator("header")).to_contain_text("ann")
        first.get_by_role("button", name="Log out").click()
        expect(first).to_have_url(f"{service.url}/login")
        first.goto(f"{service.url}/docs")
        expect(first).to_have_url(f"{service.url}/login?next=/docs")
        for secret in (ann, bob):
            assert not any(secret in url for url in urls)
