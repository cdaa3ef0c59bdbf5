"""Requests that compute: a few at a time, and not too many from one client.

Whoever only looks never waits for them: the threads that answer reads are never all taken.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

MAX_WAITING = 100  # requests that wait for their turn
PATIENCE = 2.0  # seconds that one waits
MAX_CLIENTS = 10_000  # addresses that are remembered, those seen last
BURST = 2.0  # seconds of its rate that a client may use at once


class RateLimit:
    """A token bucket for each client: `per_second` in the long run, BURST times that at once."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._size = max(1.0, per_second * BURST)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, at when

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, client: str, now: float) -> float:
        """Take a token; returns 0, or the seconds until there is one."""
        tokens, at = self._buckets.pop(client, (self._size, now))
        tokens = min(self._size, tokens + (now - at) * self._rate)
        taken = tokens >= 1
        self._buckets[client] = (tokens - 1 if taken else tokens, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._rate


class HeavyRequests:
    """Slots for requests that compute. Belongs to one event loop."""

    def __init__(self, at_once: int, per_second: float) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._rate = RateLimit(per_second)

    def count(self, client: str) -> None:
        """Count a request of this client; raises an HTTPException 429 if it sends too many."""
        seconds = self._rate.wait(client, time.monotonic())
        if seconds:
            raise _too_many("this client sends too many requests that compute", seconds)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it; raises an HTTPException 429 if none gets free in time."""
        if self._waiting >= MAX_WAITING:
            raise _too_many("too many requests that compute are waiting", PATIENCE)
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._slots.acquire()
        except TimeoutError:
            raise _too_many("too many requests that compute are being answered", PATIENCE) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


def client_of(request: Request) -> str:
    """The address that a request came from, as a proxy on this machine says it."""
    return request.client.host if request.client else ""


async def heavy_slot(request: Request) -> AsyncIterator[None]:
    """A dependency of routes without a body that compute."""
    heavy: HeavyRequests = request.app.state.services.heavy
    heavy.count(client_of(request))
    async with heavy.slot():
        yield


HeavySlot = Annotated[None, Depends(heavy_slot, scope="function")]


def _too_many(detail: str, seconds: float) -> HTTPException:
    return HTTPException(429, detail, headers={"Retry-After": str(math.ceil(seconds))})
