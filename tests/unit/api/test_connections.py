"""Clients that take their time, come in crowds, or speak no HTTP: over real sockets."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api import connections
from api.connections import STATE, Connection, Connections, Limits

pytestmark = pytest.mark.slow  # real sockets

LIMITS = Limits(
    connections=6,
    per_address=5,
    header_bytes=2000,
    header_seconds=0.2,
    body_seconds=0.2,
    body_bytes=100,
    write_seconds=0.2,
    sweep_seconds=0.05,
)
BLOCK = b"x" * 1_000_000


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body; answers with what the path asks for."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        if message["type"] == "http.disconnect":
            return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/endless":
        for _ in range(200):  # more than any buffer holds
            await send({"type": "http.response.body", "body": BLOCK, "more_body": True})
        return
    await send({"type": "http.response.body", "body": b"hello"})


class _Server:
    """uvicorn with our protocol, in a thread."""

    def __init__(self) -> None:
        self.all = Connections(LIMITS)
        config = uvicorn.Config(
            _app, http=Connection, ws="none", lifespan="off", log_config=None, timeout_keep_alive=5
        )
        self._server = uvicorn.Server(config)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def _run(self) -> None:
        import asyncio  # noqa: PLC0415 - beside its only use

        async def serve() -> None:
            self._server.config.load()
            self._server.lifespan = self._server.config.lifespan_class(self._server.config)
            self._server.lifespan.state.update({STATE: self.all})
            await self._server.startup([self._listener])
            await self._server.main_loop()
            await self._server.shutdown([self._listener])

        asyncio.run(serve())

    def close(self) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    server = _Server()
    yield server
    server.close()


def _answer(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            found += part
    return found


def _ask(client: socket.socket, request: bytes) -> bytes:
    client.sendall(request)
    found = b""
    while not (found.endswith(b"0\r\n\r\n") or BLOCK[:10] in found):
        part = client.recv(65536)
        assert part, found
        found += part
    return found


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD_OF_POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


def test_a_request_is_answered_and_the_connection_kept(server: _Server) -> None:
    with server.connect() as client:
        assert b" 200 " in _ask(client, GET)
        assert b" 200 " in _ask(client, GET)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: loc", b"408"),
        (HEAD_OF_POST + b"Content-Length: 10\r\n\r\nab", b"408"),
        (HEAD_OF_POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b"408"),
        (GET + b"GET / HTT", b"408"),
        (b"", b""),
    ],
)
def test_what_does_not_come_in_time_is_not_waited_for(
    server: _Server, sent: bytes, status: bytes
) -> None:
    began = time.monotonic()
    with server.connect() as client:
        client.sendall(sent)
        assert status in _answer(client)
    assert time.monotonic() - began < 3


def test_a_long_body_may_take_long_while_it_comes(server: _Server) -> None:
    with server.connect() as client:
        client.sendall(HEAD_OF_POST + b"Content-Length: 1500\r\nConnection: close\r\n\r\n")
        for _ in range(10):
            client.sendall(b"x" * 150)
            time.sleep(0.05)
        assert b" 200 " in _answer(client)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 3000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 3000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 101 + b"\r\n",
        b"POST / HTTP/1.1\r\nX: " + b"a" * 3000 + b"\r\nContent-Length: 1\r\n\r\na",
    ],
)
def test_large_heads_are_refused(server: _Server, head: bytes) -> None:
    with server.connect() as client:
        client.sendall(head)
        answer = _answer(client)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"hello\r\n\r\n",
        HEAD_OF_POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        HEAD_OF_POST + b"Content-Length: -1\r\n\r\n",
        HEAD_OF_POST + b"Content-Length: 99999999999999999999\r\n\r\n",
        HEAD_OF_POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD_OF_POST + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD_OF_POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_problem(server: _Server, request_: bytes) -> None:
    with server.connect() as client:
        client.sendall(request_)
        answer = _answer(client)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b"application/problem+json" in answer


def test_a_crowd_of_half_requests_does_not_keep_others_out(server: _Server) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(20):
            crowd.enter_context(server.connect()).sendall(b"GET / HT")
        with server.connect() as client:
            assert b" 200 " in _ask(client, GET)
        assert len(server.all) <= LIMITS.per_address


def test_whoever_is_being_served_is_not_dropped_for_a_newcomer(server: _Server) -> None:
    with contextlib.ExitStack() as served:
        for _ in range(LIMITS.per_address):
            client = served.enter_context(server.connect())
            assert b" 200 " in _ask(client, GET.replace(b"/ ", b"/endless "))
        with server.connect() as late:
            assert _answer(late).startswith(b"HTTP/1.1 503 ")


def test_a_client_that_does_not_read_is_left(server: _Server) -> None:
    with server.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(GET.replace(b"/ ", b"/endless "))
        deadline = time.monotonic() + 5
        while len(server.all) == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        while len(server.all) > 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(server.all) == 0


def test_limits_leave_descriptors_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: given.append(pair))
    found = connections.limits(1000, 500)
    assert given == [(256, 256)]
    assert (found.connections, found.per_address) == (128, 128)
