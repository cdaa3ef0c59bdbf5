"""Connections: how many there may be, how large a request's head, how long each part may take.

uvicorn speaks HTTP and waits for clients as long as they like; this is its protocol with bounds.
"""

import asyncio
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.peer import KEY as PEER
from api.peer import Peer

STATE = "connections"  # key of the lifespan's state
MAX_HEADERS = 100


@dataclass(frozen=True)
class Limits:
    """Bounds on connections; times are in seconds."""

    connections: int
    per_address: int
    header_bytes: int = 32_768
    """Of the request line and all headers."""
    header_seconds: float = 5.0
    """From the first byte of a request (or the connection) to the end of its headers."""
    body_seconds: float = 10.0
    """For every `body_bytes` of a body."""
    body_bytes: int = 65_536
    write_seconds: float = 30.0
    """That a client may leave its answer unread once the buffers are full."""
    sweep_seconds: float = 1.0
    """Between looks at who takes too long."""


def limits(connections: int, per_address: int) -> Limits:
    """The limits of this process, which may have at most half of its descriptors for clients.

    Raises the soft limit of descriptors to the hard one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    total = min(connections, max(1, hard // 2)) if hard != resource.RLIM_INFINITY else connections
    return Limits(total, min(per_address, total))


class Connections:
    """All open connections. Where one more would be too many, one that asks for nothing yields.

    Belongs to one event loop; not safe to use from other threads.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: dict[Connection, None] = {}  # oldest first
        self._of_address: dict[str, int] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: "Connection") -> bool:
        """Take the connection up, or say that there is no room for it."""
        address = connection.address
        if self._of_address.get(address, 0) >= self.limits.per_address:
            room = self._make_room(each for each in self._open if each.address == address)
        else:
            room = len(self._open) < self.limits.connections or self._make_room(iter(self._open))
        if not room:
            return False
        self._open[connection] = None
        self._of_address[address] = self._of_address.get(address, 0) + 1
        if self._sweep is None:
            self._sweep = connection.loop.call_later(
                self.limits.sweep_seconds, self._look, connection.loop
            )
        return True

    def remove(self, connection: "Connection") -> None:
        if connection not in self._open:
            return
        del self._open[connection]
        left = self._of_address[connection.address] - 1
        if left:
            self._of_address[connection.address] = left
        else:
            del self._of_address[connection.address]

    def _make_room(self, candidates: "Iterator[Connection]") -> bool:
        """Drop the oldest that waits for the client; whoever waits for us is served."""
        for each in candidates:
            if each.waits_for_client:
                self.remove(each)
                each.transport.abort()
                return True
        return False

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for each in list(self._open):
            each.check_time(now)
        self._sweep = (
            loop.call_later(self.limits.sweep_seconds, self._look, loop) if self._open else None
        )


class Connection(HttpToolsProtocol):
    """One connection, with the limits that the lifespan's state brings."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.address = ""
        self._all = cast(Connections, app_state[STATE])
        self._limits = self._all.limits
        self._header_deadline: float | None = None
        self._body_deadline: float | None = None
        self._write_deadline: float | None = None
        self._head = 0  # bytes of the head that is being read
        self._body = 0  # bytes of the body since its deadline was set
        self._refused = False

    @property
    def waits_for_client(self) -> bool:
        """Whether nothing was asked for yet, or not completely."""
        if self._header_deadline is not None or self.cycle is None:
            return True
        return self.cycle.response_complete or (
            self._body_deadline is not None and not self.cycle.response_started
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.address = self.client[0] if self.client else ""
        self.app_state = {**self.app_state, PEER: Peer(self.client, self.server)}
        if self._all.admit(self):
            self._header_deadline = self.loop.time() + self._limits.header_seconds
        else:
            self._refuse(503, "too many connections are open; try again later")

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        super().connection_lost(exc)

    def check_time(self, now: float) -> None:
        """End the connection if its client took too long with what it owes us."""
        if self._write_deadline is not None and now > self._write_deadline:
            self.transport.abort()
        elif self._header_deadline is not None and now > self._header_deadline:
            if self._head:
                self._refuse(408, "the headers did not come in time")
            else:
                self.transport.close()
        elif self._body_deadline is not None and self.flow.read_paused:
            self._body_deadline = now + self._limits.body_seconds  # it is us who do not read
        elif self._body_deadline is not None and now > self._body_deadline:
            self._refuse(408, "the body did not come in time")

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        in_head = self._body_deadline is None
        super().data_received(data)
        if in_head and self._header_deadline is not None:
            self._head += len(data)
            if self._head > self._limits.header_bytes:
                self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        if self._header_deadline is None:
            self._header_deadline = self.loop.time() + self._limits.header_seconds

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._header_deadline = None
        self._head = 0
        if size > self._limits.header_bytes or len(self.headers) > MAX_HEADERS:
            self._refuse_head()
        if not self._refused:
            self._body = 0
            self._body_deadline = self.loop.time() + self._limits.body_seconds
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        self._body += len(body)
        if self._body >= self._limits.body_bytes:
            self._body = 0
            self._body_deadline = self.loop.time() + self._limits.body_seconds
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_deadline = None
        if not self._refused:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_deadline = self.loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        super().resume_writing()
        self._write_deadline = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def _refuse_head(self) -> None:
        limit = self._limits.header_bytes
        self._refuse(431, f"at most {MAX_HEADERS} headers and {limit} bytes of them are taken")

    def _refuse(self, status: int, detail: str) -> None:
        """Say why, if no answer has begun, and close."""
        self._refused = True
        self._header_deadline = self._body_deadline = None
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and self.cycle.response_started
        if not answering or self.cycle.response_complete:
            self.transport.write(_problem(status, detail))
        self.transport.close()


def _problem(status: int, detail: str) -> bytes:
    phrase = HTTPStatus(status).phrase
    body = json.dumps(
        {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    ).encode()
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    )
    if status in (408, 503):
        head += "Retry-After: 5\r\n"
    return head.encode() + b"\r\n" + body
