"""The HTTP interface from the caller's side."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from hpsearch.errors import ServiceError

TIMEOUT = 30.0  # seconds for one answer
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Answer = dict[str, Any]


class Client:
    """Talks to one server. Every method raises ServiceError where that goes wrong."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self.url = url.rstrip("/")
        try:
            # A proxy from the environment has no business between us and our own machine.
            trust_env = urlsplit(self.url).hostname not in LOOPBACK
            self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=trust_env)
        except (ValueError, httpx.InvalidURL) as error:
            raise ServiceError([f"{url!r} is no address of a server: {error}"]) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def submit(self, spec: bytes) -> Answer:
        """Submit a search spec, JSON as it was written; answers the job."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/api/v1/jobs", content=spec, headers=headers)

    def job(self, job_id: str) -> Answer:
        return self._call("GET", f"/api/v1/jobs/{_segment(job_id)}")

    def jobs(self, limit: int) -> list[Answer]:
        """The newest jobs."""
        return _items(self._call("GET", "/api/v1/jobs", params={"limit": limit}))

    def best(self, job_id: str, limit: int) -> list[Answer]:
        path = f"/api/v1/jobs/{_segment(job_id)}/best"
        return _items(self._call("GET", path, params={"limit": limit}))

    def trials(self, job_id: str) -> list[Answer]:
        """All trials of a job, by number."""
        path, found, after = f"/api/v1/jobs/{_segment(job_id)}/trials", [], None
        while True:
            page = {"limit": 500} if after is None else {"limit": 500, "after": after}
            answer = self._call("GET", path, params=page)
            found += _items(answer)
            after = answer.get("next")
            if after is None:
                return found

    def digest(self, job_id: str) -> Answer:
        return self._call("GET", f"/api/v1/jobs/{_segment(job_id)}/digest")

    def estimate(self, spec: bytes) -> Answer:
        """What a search would take; JSON as it was written."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/api/v1/estimates", content=spec, headers=headers)

    def rounds(self, job_id: str) -> list[Answer]:
        return _items(self._call("GET", f"/api/v1/jobs/{_segment(job_id)}/rounds"))

    def command(self, job_id: str, verb: str) -> Answer:
        """cancel, pause or resume; answers the job."""
        return self._call("POST", f"/api/v1/jobs/{_segment(job_id)}/{verb}")

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        try:
            response = self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise ServiceError([f"no answer from {self.url}: {reason}"]) from None
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServiceError(
                [f"{self.url} answered {response.status_code}, but is no hpsearch server"]
            )
        if response.is_success:
            return answer
        raise ServiceError(_lines(answer), response.status_code)


def _segment(job_id: str) -> str:
    """A job id as one piece of a path, whatever was typed."""
    return quote(job_id, safe="", errors="replace") or "%20"


def _items(answer: Mapping[str, Any]) -> list[Answer]:
    items = answer.get("items")
    return items if isinstance(items, list) else []


def _lines(problem: Mapping[str, Any]) -> list[str]:
    """What a problem+json answer says, a line for each thing that is wrong."""
    errors = problem.get("errors") or []
    return [line_of(error) for error in errors] or [str(problem.get("detail", problem))]


def line_of(error: Mapping[str, Any]) -> str:
    """`field: message (got …; allowed: …)`"""
    notes = []
    if error.get("got") is not None:
        notes.append(f"got {error['got']!r}")
    if error.get("allowed"):
        notes.append(f"allowed: {error['allowed']}")
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"{error.get('field')}: {error.get('message')}{note}"
