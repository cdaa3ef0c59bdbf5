"""A client that costs little, so that a benchmark measures the server: HTTP/1.1 by hand."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

Answer = tuple[int, Mapping[str, Any]]


class Connection:
    """One connection that is kept."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read its answer: status and body.

        A kept connection that the server has closed meanwhile is opened anew, as every client does.
        """
        kept = self._streams is not None
        try:
            return await self._ask(request)
        except (ConnectionResetError, asyncio.IncompleteReadError) as error:
            begun = isinstance(error, asyncio.IncompleteReadError) and error.partial
            if not kept or begun:
                raise
            return await self._ask(request)

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(
                int(line.partition(":")[2])
                for line in head.split("\r\n")
                if line.startswith("content-length:")
            )
            body = await reader.readexactly(length)
        except BaseException:
            self.close()
            raise
        if "connection: close" in head:
            self.close()
        return int(head.split(" ", 2)[1]), body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Pool:
    """As many connections as there are requests at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._free: list[Connection] = []

    async def get(self, path: str) -> Answer:
        status, _ = await self._ask(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        return status, {}

    async def post(self, path: str, body: object) -> Answer:
        status, answer = await self.post_raw(path, json.dumps(body or {}).encode())
        return status, json.loads(answer)

    async def post_raw(self, path: str, body: bytes) -> tuple[int, bytes]:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._ask(head.encode() + body)

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        connection = self._free.pop() if self._free else Connection(self._host, self._port)
        try:
            return await connection.ask(request)
        finally:
            self._free.append(connection)


async def listen(host: str, port: int, path: str) -> asyncio.Task[None]:
    """Open a stream of events and read it, until the task is cancelled."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise RuntimeError(head.decode("latin-1"))
    return asyncio.create_task(_read(reader, writer))


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.read(65536):
            pass
    finally:
        writer.close()
