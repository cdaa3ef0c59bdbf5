"""Events for any number of listeners: one look at the database for all of them.

A listener has a position, nothing else is kept for it. While it keeps up, it takes what the hub
read and encoded once for all; one that is new, or slow, reads from the database in pages until it
has caught up.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
from starlette.concurrency import run_in_threadpool

from api.event_lines import encoded
from hpsearch.errors import DatabaseUnavailable, JobNotFound
from storage.events import Events, Glance

BATCH = 500  # events read at once
KEPT = 1000  # newest events of a job that are kept for its listeners
LOOK_INTERVAL = 0.1  # seconds
QUIET_INTERVAL = 0.5  # seconds, once nothing has happened for QUIET_AFTER
QUIET_AFTER = 10.0  # seconds
KNOWN_INTERVAL = 2.0  # seconds between looks whether a listener may still listen
PING_INTERVAL = 15.0  # seconds without an event after which a comment shows that we are there
PING = b": ping\n\n"

Line = tuple[int, bytes]  # an event's id, and the event as it is sent

Allowed = Callable[[], bool]


def always() -> bool:
    """Who listens may go on for as long as the connection lasts."""
    return True


@dataclass
class _Feed:
    """The newest events of one job: all of those after `floor`, up to `last`."""

    last: int
    floor: int
    ended: bool
    listeners: int = 0
    recent: deque[Line] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, lines: Sequence[Line], glance: Glance | None) -> None:
        self.recent.extend(lines)
        while len(self.recent) > KEPT:
            self.floor = self.recent.popleft()[0]
        if lines:
            self.last = lines[-1][0]
        self.ended = glance is None or (glance.ended and self.last >= glance.last)
        self.changed.set()
        self.changed = asyncio.Event()


class EventHub:
    """Streams of events. Belongs to one event loop."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._feeds: dict[str, _Feed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._last_news = 0.0  # on the monotonic clock; a new feed counts

    async def stream(
        self, job_id: str, position: int, stopping: anyio.Event, may_listen: Allowed = always
    ) -> AsyncIterator[bytes]:
        """The events after `position`, until the job has ended or the server leaves.

        Ends, too, within about two seconds once the listener may listen no more.
        """
        feed = await self._join(job_id, stopping)
        if feed is None:
            return
        try:
            known = sent = time.monotonic()
            while not stopping.is_set():
                if time.monotonic() - known >= KNOWN_INTERVAL:
                    if not may_listen():
                        return
                    known = time.monotonic()
                lines = await self._next(job_id, feed, position)
                if lines:
                    position = lines[-1][0]
                    yield b"".join(line for _, line in lines)
                    sent = time.monotonic()
                elif feed.ended:
                    return
                else:
                    with suppress(TimeoutError):
                        interval = min(PING_INTERVAL, KNOWN_INTERVAL)
                        await asyncio.wait_for(feed.changed.wait(), interval)
                    if time.monotonic() - sent >= PING_INTERVAL:
                        yield PING
                        sent = time.monotonic()
        finally:
            feed.listeners -= 1
            if not feed.listeners and self._feeds.get(job_id) is feed:
                del self._feeds[job_id]

    async def close(self, timeout: float) -> None:
        """Once the server leaves: wait (seconds) for the look at the database that is under way."""
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=timeout)

    async def _join(self, job_id: str, stopping: anyio.Event) -> _Feed | None:
        feed = self._feeds.get(job_id)
        if feed is None:
            glance = None
            while glance is None:
                try:
                    glance = (await run_in_threadpool(self._events.glance, [job_id]))[job_id]
                except DatabaseUnavailable:
                    with anyio.move_on_after(LOOK_INTERVAL):
                        await stopping.wait()
                        return None
                except KeyError:
                    return None  # deleted since it was looked up
            feed = self._feeds.setdefault(job_id, _Feed(glance.last, glance.last, glance.ended))
            self._last_news = time.monotonic()
        feed.listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(stopping))
        return feed

    async def _next(self, job_id: str, feed: _Feed, position: int) -> Sequence[Line]:
        """The next events after `position`, at most BATCH; none where there are none yet."""
        if position >= feed.last:
            return ()
        if position >= feed.floor:
            return [line for line in feed.recent if line[0] > position][:BATCH]
        try:
            return await run_in_threadpool(self._page, job_id, position)
        except JobNotFound:
            feed.ended = True
        except DatabaseUnavailable:
            await asyncio.sleep(LOOK_INTERVAL)  # it comes back; the stream goes on where it was
            return ((position, b""),)
        return ()

    async def _look(self, stopping: anyio.Event) -> None:
        """Look for news as long as anybody listens; less often where little happens."""
        while self._feeds and not stopping.is_set():
            quiet = time.monotonic() - self._last_news > QUIET_AFTER
            with anyio.move_on_after(QUIET_INTERVAL if quiet else LOOK_INTERVAL):
                await stopping.wait()
            known = {job_id: feed.last for job_id, feed in self._feeds.items()}
            with suppress(DatabaseUnavailable):
                glances, news = await run_in_threadpool(self._read, known)
                self._spread(known, glances, news)
        for feed in self._feeds.values():
            feed.changed.set()

    def _spread(
        self,
        known: Mapping[str, int],
        glances: Mapping[str, Glance],
        news: Mapping[str, Sequence[Line]],
    ) -> None:
        for job_id, last in known.items():
            feed, glance = self._feeds.get(job_id), glances.get(job_id)
            if feed is None or feed.last != last:
                continue  # its listeners left meanwhile, and others came
            lines = news.get(job_id, ())
            if lines or glance is None or glance.ended != feed.ended:
                feed.add(lines, glance)
                self._last_news = time.monotonic()

    def _read(
        self, known: Mapping[str, int]
    ) -> tuple[Mapping[str, Glance], Mapping[str, Sequence[Line]]]:
        """In a thread: where the jobs are, and the next events of those that went on."""
        glances = self._events.glance(list(known))
        news = {}
        for job_id, glance in glances.items():
            if glance.last > known[job_id]:
                with suppress(JobNotFound):
                    news[job_id] = self._page(job_id, known[job_id])
        return glances, news

    def _page(self, job_id: str, position: int) -> Sequence[Line]:
        return [(each.id, encoded(each)) for each in self._events.after(job_id, position, BATCH)]
