"""The HTTP interface from the caller's side."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from hpsearch.errors import ServiceError
from hpsearch.proxies import unusable_proxy

NO_CONTENT = 204
PAGE = 500  # trials in one answer; the most that the server gives
TOKEN = "HPSEARCH_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT = 30.0  # seconds for one answer
UPLOAD_TIMEOUT = 900.0  # seconds; a check may take ten minutes
POLL = 0.5  # seconds between looks at an estimate that is not there yet
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Answer = dict[str, Any]


class Client:
    """Talks to one server. Every method raises ServiceError where that goes wrong."""

    def __init__(self, url: str, timeout: float = TIMEOUT, token: str | None = None) -> None:
        """token: as `hpsearch token create` printed it; None takes that of HPSEARCH_TOKEN, if it is
        set, and "" none at all."""
        self.url = url.rstrip("/")
        # A proxy from the environment has no business between us and our own machine.
        trust_env = _host_of(url) not in LOOPBACK
        headers = _authorization(os.environ.get(TOKEN, "") if token is None else token)
        try:
            self._http = httpx.Client(
                base_url=self.url, timeout=timeout, trust_env=trust_env, headers=headers
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise ServiceError([unusable_proxy() or f"the proxy settings: {error}"]) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, spec: bytes) -> Answer:
        """Submit a search spec, JSON as it was written; answers the job."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/api/v1/jobs", content=spec, headers=headers)

    def job(self, job_id: str) -> Answer:
        """One job as it is now."""
        return self.get(path_of(job_id))

    def jobs(self, limit: int) -> list[Answer]:
        """The newest jobs."""
        return _items(self.get("/api/v1/jobs", limit=limit))

    def all_jobs(self) -> Iterator[Answer]:
        """Every job, newest first, a page at a time."""
        after: dict[str, Any] = {}
        while True:
            answer = self._call("GET", "/api/v1/jobs", params={"limit": PAGE, **after})
            yield from _items(answer)
            if answer.get("next") is None:
                return
            after = {"after": answer["next"]}

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended."""
        self._call("DELETE", path_of(job_id))

    def best(self, job_id: str, limit: int) -> list[Answer]:
        """The trials of the highest accuracy, best first."""
        return _items(self.get(f"{path_of(job_id)}/best", limit=limit))

    def trials(self, job_id: str) -> list[Answer]:
        """All trials of a job, by number."""
        path, found, after = f"{path_of(job_id)}/trials", [], None
        while True:
            page = {"limit": PAGE} if after is None else {"limit": PAGE, "after": after}
            answer = self.get(path, **page)
            found += _items(answer)
            after = answer.get("next")
            if after is None:
                return found

    def digest(self, job_id: str) -> Answer:
        """The SHA-256 of a job's result."""
        return self.get(f"{path_of(job_id)}/digest")

    def certificate(self, job_id: str) -> Answer:
        """How sure it is who won."""
        return self.get(f"{path_of(job_id)}/certificate")

    def estimate(self, spec: bytes) -> Answer:
        """What a search would take; JSON as it was written. Waits for the workers to time it."""
        headers = {"Content-Type": "application/json"}
        answer = self._call("POST", "/api/v1/estimates", content=spec, headers=headers)
        while "waits_for" in answer:
            time.sleep(POLL)
            answer = self.get(answer["links"]["self"])
        return answer

    def export(self, job_id: str) -> bytes:
        """The whole job as one file; see hpsearch.job_file."""
        return self._send("GET", f"{path_of(job_id)}/export").content

    def import_job(self, content: bytes) -> Answer:
        """Bring a file that `export` gave into this server; answers the job."""
        headers = {"Content-Type": "application/zip"}
        return self._call("POST", "/api/v1/imports", content=content, headers=headers)

    def model(
        self,
        job_id: str,
        number: int | None = None,
        different: bool = False,
        progress: Callable[[Answer], None] = lambda _: None,
    ) -> bytes:
        """A trial's network, `model.npz`; the winner's if no number is given.

        It is trained again: `progress` is told how far it is. different: take it also if it did
        not come out as recorded.
        """
        path = f"{path_of(job_id)}/model"
        if number is not None:
            path = f"{path_of(job_id)}/trials/{number}/model"
        return self._made(path, different, progress)

    def report(
        self,
        job_id: str,
        different: bool = False,
        progress: Callable[[Answer], None] = lambda _: None,
    ) -> bytes:
        """A job as one page of HTML, with the winner in it; see `model`."""
        return self._made(f"{path_of(job_id)}/report.html", different, progress)

    def _made(self, path: str, different: bool, progress: Callable[[Answer], None]) -> bytes:
        """What a trial is trained again for; waits until it is."""
        query = {"accept": "different"} if different else {}
        while True:
            response = self._send("GET", path, params=query)
            if response.status_code == 200:
                return response.content
            progress(self._read(response))
            time.sleep(float(response.headers.get("Retry-After", "1")))

    def rounds(self, job_id: str) -> list[Answer]:
        """The rounds of a job so far, with the ranges that each sampled from."""
        return _items(self.get(f"{path_of(job_id)}/rounds"))

    def command(self, job_id: str, verb: str) -> Answer:
        """cancel, pause or resume; answers the job."""
        return self._call("POST", f"{path_of(job_id)}/{verb}")

    def upload(self, name: str, file: Path, called: str) -> Answer:
        """Upload a data set: an .npz file, or a zip file of folders; answers it, once checked."""
        try:
            with file.open("rb") as content:
                return self._call(
                    "POST",
                    "/api/v1/datasets",
                    data={"name": name},
                    files={"file": (called, content)},
                    timeout=httpx.Timeout(TIMEOUT, read=UPLOAD_TIMEOUT),
                )
        except OSError as error:
            raise ServiceError([f"cannot read {file}: {error.strerror}"]) from None

    def get(self, path: str, **parameters: int) -> Answer:
        """Any other answer, as the server gives it: `get("/readyz")`."""
        return self._call("GET", path, params=parameters)

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        response = self._send(method, path, **options)
        return {} if response.status_code == NO_CONTENT else self._read(response)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, whatever it is, unless it is a problem."""
        try:
            response = self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise ServiceError([f"no answer from {self.url}: {reason}"]) from None
        if not response.is_success:
            self._read(response)
        return response

    def _read(self, response: httpx.Response) -> Answer:
        """The JSON of an answer; raises what a problem says."""
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServiceError(
                [f"{self.url} answered {response.status_code}, but is not an hpsearch server"],
                response.status_code,
            )
        if response.is_success:
            return answer
        raise ServiceError(_lines(answer), response.status_code)


def _authorization(token: str) -> dict[str, str]:
    """The header of a token; raises ServiceError, without the token, for what cannot be one."""
    if not token:
        return {}
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ServiceError([f"{TOKEN} is not a token: it has spaces or other letters"])
    return {"Authorization": f"Bearer {token}"}


def _host_of(url: str) -> str:
    """Of the address of a server; raises ServiceError if it is not one."""
    try:
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("it should be like http://host:8000")
    except (ValueError, httpx.InvalidURL) as error:
        raise ServiceError([f"{url!r} is not the address of a server: {error}"]) from None
    return parsed.host


def path_of(job_id: str) -> str:
    """The path of a job: its id is one piece of it, whatever was typed."""
    return f"/api/v1/jobs/{quote(job_id, safe='', errors='replace') or '%20'}"


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
