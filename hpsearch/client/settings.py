"""How a client connects, waits and tries again."""

import os
import re
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from hpsearch.client.addresses import LOOPBACK, host_of
from hpsearch.errors import ServiceError
from hpsearch.proxies import unusable_proxy

TOKEN = "HPSEARCH_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT = 30.0  # seconds for one answer
UPLOAD_TIMEOUT = 900.0  # seconds; a check may take ten minutes
RETRIES = 2
PATIENCE = 300.0  # seconds that `watch` waits for a server that went away
POLL = 0.5  # seconds between looks at what is not there yet
FIRST_PAUSE = 0.2  # seconds before the first retry; doubled each time
LONGEST_PAUSE = 10.0  # seconds
PASSING = (502, 503, 504)


def options(url: str, timeout: float, token: str | None) -> dict[str, Any]:
    """What both of httpx's clients are made with; raises ServiceError.

    token: None takes that of HPSEARCH_TOKEN, if it is set, and "" none at all.
    """
    # A proxy from the environment has no business between us and our own machine.
    trust_env = host_of(url) not in LOOPBACK
    headers = _authorization(os.environ.get(TOKEN, "") if token is None else token)
    return {"base_url": url, "timeout": timeout, "trust_env": trust_env, "headers": headers}


def refused(error: Exception) -> ServiceError:
    """What is wrong when httpx takes none of the proxies that the environment names."""
    return ServiceError([unusable_proxy() or f"the proxy settings: {error}"])


def _authorization(token: str) -> dict[str, str]:
    """The header of a token; raises ServiceError, without the token, for what cannot be one."""
    if not token:
        return {}
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ServiceError([f"{TOKEN} is not a token: it has spaces or other letters"])
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Retries:
    """How often one call may still be made again, and how long to wait before."""

    left: int
    pause: float = FIRST_PAUSE

    def next_pause(self, response: httpx.Response | None) -> float | None:
        """Seconds until the next attempt; None if this answer, or none (None), is the last.

        A server that says when it can be asked again is believed, up to LONGEST_PAUSE.
        """
        passing = response is None or response.status_code in PASSING
        asked = None if response is None else _retry_after(response)
        busy = response is not None and response.status_code == 429 and asked is not None
        if self.left <= 0 or not (passing or busy) or (asked or 0.0) > LONGEST_PAUSE:
            return None
        self.left -= 1
        pause, self.pause = max(self.pause, asked or 0.0), min(2 * self.pause, LONGEST_PAUSE)
        return pause


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
