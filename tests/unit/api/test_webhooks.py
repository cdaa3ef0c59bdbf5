"""Who may be told that a job ended, how the message is signed, and when it is sent again."""

import base64
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from api.settings import Settings
from api.webhooks import PAUSES, Message, Webhooks, messages, read_secret, signed
from hpsearch.errors import InvalidSettings, InvalidSpec
from storage.notifications import Ended, Notifications
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

DRIBBLE = 0.05  # seconds between bytes
URL = "https://hooks.example/x?token=abc"


class Kept:
    """Notifications in memory."""

    def __init__(self, *due: Ended) -> None:
        self.waiting = list(due)

    def due(self) -> list[Ended]:
        return list(self.waiting)

    def done(self, job_id: str, event: int) -> None:
        self.waiting = [
            each for each in self.waiting if (each.job_id, each.event) != (job_id, event)
        ]


def _ended(job_id: str = "abcdefghij", certified: bool = False) -> Ended:
    return Ended(job_id, URL, 7, datetime(2026, 1, 2, tzinfo=UTC), certified, {"id": job_id})


def _webhooks(kept: Kept, hosts: str = "hooks.example") -> Webhooks:
    return Webhooks(cast(Notifications, kept), frozenset(hosts.split()), b"s" * 24, lambda: True)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of standardwebhooks.com."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = signed(secret, message, 1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == message.id
    assert headers["webhook-timestamp"] == "1614265330"


def test_the_same_end_gives_the_same_messages() -> None:
    assert [*messages(_ended())] == [*messages(_ended())]
    assert [each.id for each in messages(_ended(certified=True))] == [
        "msg_abcdefghij_7_certificate_ready",
        "msg_abcdefghij_7_job_ended",
    ]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (URL, True),
        ("https://HOOKS.example/", True),
        ("http://local.example:9000/", True),
        ("https://hooks.example:8443/", False),
        ("http://local.example/", False),
        ("https://hooks.example.evil.example/", False),
        ("https://hooks.example@evil.example/", False),
        ("https://user:secret@hooks.example/", False),
        ("ftp://hooks.example/", False),
        ("file:///etc/passwd", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_only_hosts_of_the_settings_are_told(url: str, allowed: bool) -> None:
    webhooks = _webhooks(Kept(), "hooks.example local.example:9000")
    if allowed:
        webhooks.check(url)
    else:
        with pytest.raises(InvalidSpec, match=r"notify\.url"):
            webhooks.check(url)


def test_it_tries_again_later_and_later_and_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(_ended())
    webhooks = _webhooks(kept)
    sent: list[float] = []
    now = 100.0

    def refused(_: Ended) -> str:
        sent.append(now)
        return "it answered 500"

    monkeypatch.setattr(webhooks, "_told", refused)
    while kept.waiting:
        webhooks.tell(now)
        now += 1.0 if now < 1000 else 600.0
    pauses = [b - a for a, b in pairwise(sent)]
    assert len(sent) == len(PAUSES) + 1
    assert pauses[:3] == [5, 30, 120]
    assert all(pause >= least for pause, least in zip(pauses, PAUSES, strict=True))


def test_a_receiver_that_is_away_keeps_no_other_from_being_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept(_ended("away"), _ended("there"))
    webhooks = _webhooks(kept)
    monkeypatch.setattr(
        webhooks, "_told", lambda each: "no answer" if each.job_id == "away" else None
    )
    webhooks.tell(0.0)
    assert [each.job_id for each in kept.waiting] == ["away"]


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "whsec_" + "A" * 400]
)
def test_what_is_no_secret(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    with pytest.raises(InvalidSettings) as caught:
        read_secret(file)
    assert text == "" or text not in str(caught.value) or text == "whsec_"
    with pytest.raises(InvalidSettings):
        read_secret(tmp_path / "none")


def test_hosts_need_a_secret(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="HPSEARCH_WEBHOOK_SECRET_FILE"):
        Webhooks.of(
            Settings(data_dir=tmp_path, webhook_hosts="a.example"),
            cast(Notifications, Kept()),
            lambda: True,
        )


def _submit(server: ServerInProcess, notify: Mapping[str, Any]) -> Any:
    return server.client.post("/api/v1/jobs", json=SMALLEST | {"notify": notify})


def test_no_host_may_be_told_by_default_and_the_job_is_refused(server: ServerInProcess) -> None:
    answer = _submit(server, {"url": URL})
    assert answer.status_code == 422
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["allowed"]) == ("notify.url", "none")
    assert _submit(server, {"address": URL}).status_code == 422


@pytest.mark.slow
@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 204 No Content\r\nX-Slow: "])
def test_a_receiver_that_dribbles_holds_nobody(begin: bytes) -> None:
    with dribbling(begin) as host:
        slow = Ended("abcdefghij", f"http://{host}/", 7, datetime.now(UTC), True, {})
        kept = Kept(slow)
        hooks = Webhooks(
            cast(Notifications, kept), frozenset({host}), b"s" * 24, lambda: True, timeout=0.5
        )
        began = time.monotonic()
        hooks.tell(0.0)
        assert time.monotonic() - began < 5
    assert kept.waiting == [slow], "what was not taken is told again"


@contextmanager
def dribbling(begin: bytes) -> Iterator[str]:
    """The address of a server that answers all requests with a byte from time to time."""
    over = threading.Event()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(begin)
            while not over.wait(DRIBBLE):
                connection.sendall(b"H" if not begin else b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join()
