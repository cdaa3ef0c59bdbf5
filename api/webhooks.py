"""Telling receivers that jobs have ended, as standardwebhooks.com has it, beside the search.

A message is sent until its receiver takes it: at least once, with the same id each time.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx

from api.settings import Settings
from hpsearch.errors import FieldProblem, HpsearchError, InvalidSettings, InvalidSpec
from storage.notifications import Ended, Notifications

PREFIX = "whsec_"
LEAST_SECRET, MOST_SECRET = 24, 64  # bytes, as the specification has it
INTERVAL = 2.0  # seconds between looks
TIMEOUT = 10.0  # seconds for one exchange, however slowly its bytes come
PAUSES = (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds before each attempt after the first; then the receiver is given up."""
GONE = 410

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """id: the same whenever the same thing is told. body: JSON."""

    id: str
    body: bytes


def messages(ended: Ended) -> Iterator[Message]:
    """What is told of a job's end: first its certificate, if it has one."""
    path = f"/api/v1/jobs/{ended.job_id}"
    if ended.certified:
        data = {"job": ended.facts, "certificate": f"{path}/certificate"}
        yield _message("certificate.ready", ended, data)
    yield _message("job.ended", ended, {"job": ended.facts, "path": path})


def _message(kind: str, ended: Ended, data: Mapping[str, Any]) -> Message:
    body = {"type": kind, "timestamp": ended.at.isoformat(), "data": data}
    return Message(
        f"msg_{ended.job_id}_{ended.event}_{kind.replace('.', '_')}", json.dumps(body).encode()
    )


def signed(secret: bytes, message: Message, now: int) -> dict[str, str]:
    """The headers of a message at this moment (seconds since 1970): HMAC-SHA256 of all of it."""
    content = f"{message.id}.{now}.".encode() + message.body
    signature = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature}",
    }


def read_secret(file: Path) -> bytes:
    """`whsec_` and 24 to 64 bytes in base64; raises InvalidSettings, without the secret."""
    try:
        text = file.read_text(encoding="ascii").strip()
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (OSError, ValueError):
        secret = b""
    if not LEAST_SECRET <= len(secret) <= MOST_SECRET:
        raise InvalidSettings(
            f"HPSEARCH_WEBHOOK_SECRET_FILE: {file} does not hold {PREFIX} and "
            f"{LEAST_SECRET} to {MOST_SECRET} bytes in base64"
        )
    return secret


class Webhooks:
    """One thread, which only the server that runs the jobs lets send."""

    def __init__(
        self,
        notifications: Notifications,
        hosts: frozenset[str],
        secret: bytes,
        leads: Callable[[], bool],
        pauses: tuple[float, ...] = PAUSES,
        timeout: float = TIMEOUT,
    ) -> None:
        """hosts: to which it may send, as `host` or `host:port`. timeout: of one exchange."""
        self._notifications = notifications
        self._hosts, self._secret, self._leads, self._pauses = hosts, secret, leads, pauses
        self._timeout = timeout
        self._attempts: dict[tuple[str, int], tuple[int, float]] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(
        cls, settings: Settings, notifications: Notifications, leads: Callable[[], bool]
    ) -> "Webhooks":
        """As the settings have it; raises InvalidSettings for hosts without a secret."""
        hosts = frozenset(filter(None, map(str.strip, settings.webhook_hosts.lower().split(","))))
        file = settings.webhook_secret_file
        if hosts and file is None:
            raise InvalidSettings("HPSEARCH_WEBHOOK_HOSTS needs HPSEARCH_WEBHOOK_SECRET_FILE")
        secret = read_secret(file) if file is not None else b""
        return cls(notifications, hosts, secret, leads)

    def check(self, url: str) -> None:
        """Raises InvalidSpec for a host that may not be told."""
        if not self._allowed(url):
            allowed = ", ".join(sorted(self._hosts)) or "none"
            raise InvalidSpec(
                [FieldProblem("notify.url", "is not of a host that may be told", url, allowed)]
            )

    def start(self) -> None:
        """Begin with what was not told before the last stop."""
        if not self._hosts:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """What was not taken is told after the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                if self._leads():
                    self.tell(time.monotonic())
            except HpsearchError as error:
                log.warning("nobody is told that jobs ended for now: %s", error)
            except Exception:
                log.exception("nobody is told that jobs ended, for an error that is not known")

    def tell(self, now: float) -> None:
        """Send what is due at this moment of the monotonic clock."""
        due = self._notifications.due()
        keys = {(each.job_id, each.event) for each in due}
        self._attempts = {key: value for key, value in self._attempts.items() if key in keys}
        for each in due:
            key = (each.job_id, each.event)
            attempts, not_before = self._attempts.get(key, (0, 0.0))
            if self._stop.is_set() or now < not_before:
                continue
            problem = self._told(each)
            if problem is None or attempts >= len(self._pauses):
                self._notifications.done(*key)
                if problem is not None:
                    log.error("the receiver of job %s is given up: %s", each.job_id, problem)
            else:
                self._attempts[key] = (attempts + 1, now + self._pauses[attempts])
                log.warning("the end of job %s was not taken: %s", each.job_id, problem)

    def _told(self, ended: Ended) -> str | None:
        """Why it was not taken; None if it was. Redirections are not followed."""
        if not self._allowed(ended.url):
            return "its host may not be told any more"
        try:
            return asyncio.run(self._exchange(ended))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError, ValueError) as error:
            return type(error).__name__  # its text may hold the address, which may be a secret

    async def _exchange(self, ended: Ended) -> str | None:
        async with httpx.AsyncClient(timeout=self._timeout, follow_redirects=False) as client:
            for message in messages(ended):
                headers = signed(self._secret, message, int(time.time()))
                # The client's own timeout starts anew with each read, so a receiver that trickles
                # out its answer would never meet it.
                async with (
                    asyncio.timeout(self._timeout),
                    client.stream(
                        "POST", ended.url, content=message.body, headers=headers
                    ) as response,
                ):
                    status = response.status_code
                if status == GONE:
                    return None  # whoever listened there says that they do not any more
                if not 200 <= status < 300:
                    return f"it answered {status}"
        return None

    def _allowed(self, url: str) -> bool:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return False
        host = parsed.host.lower()
        whole = f"{host}:{parsed.port}" if parsed.port else host
        return parsed.scheme in ("http", "https") and not parsed.userinfo and whole in self._hosts
