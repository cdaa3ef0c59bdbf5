"""What is wrong, as a server or a connection says it, in lines."""

from collections.abc import Mapping
from typing import Any

import httpx2 as httpx

from hpsearch.errors import ServiceError

FAULTS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""What a request may raise."""


def unanswered(url: str, error: Exception) -> ServiceError:
    """No answer came."""
    return ServiceError([f"no answer from {url}: {str(error) or type(error).__name__}"])


def json_of(url: str, response: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer, {} of an empty one; raises ServiceError of what a problem says."""
    if response.status_code == httpx.codes.NO_CONTENT:
        return {}
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ServiceError(
            [f"{url} answered {response.status_code}, but is not an hpsearch server"],
            response.status_code,
        )
    if response.is_success:
        return answer
    raise ServiceError(_lines(answer), response.status_code)


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
