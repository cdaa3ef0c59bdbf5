"""Where a server and its jobs are."""

from urllib.parse import quote

import httpx2 as httpx

from hpsearch.errors import ServiceError

API = "/api/v1"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def host_of(url: str) -> str:
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
    return f"{API}/jobs/{piece(job_id)}"


def piece(text: str) -> str:
    """One piece of a path; never an empty one, which would name another."""
    return quote(text, safe="", errors="replace") or "%20"
