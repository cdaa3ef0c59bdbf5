"""The hub of event streams: every listener gets every event once, and all share one look."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence

import anyio
import pytest

from api import event_hub
from api.event_hub import PING, EventHub
from hpsearch.errors import DatabaseUnavailable
from storage.deletions import Deletions
from storage.events import Events, Glance
from tests.unit.api.server_in_process import ServerInProcess


@pytest.fixture
def job(server: ServerInProcess) -> str:
    job = str(server.submit()["id"])
    server.run_a_little(job)
    return job


@pytest.fixture
def events(server: ServerInProcess) -> Events:
    return Events(server.database)


async def _all(hub: EventHub, job: str, position: int = 0) -> list[int]:
    """The ids that a listener gets until the stream ends."""
    text = b"".join([part async for part in hub.stream(job, position, anyio.Event())])
    return [int(id_) for id_ in re.findall(rb"^id: (\d+)$", text, re.M)]


def _listen(hub: EventHub, job: str, then: Callable[[], object], listeners: int = 1) -> list[int]:
    """What each of some listeners gets, of a job to which something happens meanwhile."""

    async def scene() -> list[list[int]]:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            held = [tasks.create_task(_all(hub, job)) for _ in range(listeners)]
            await asyncio.sleep(0.3)
            await asyncio.to_thread(then)
        return [each.result() for each in held]

    first, *others = asyncio.run(scene())
    assert all(other == first for other in others)
    return first


def test_a_listener_gets_every_event_once_and_the_stream_ends_with_the_job(
    server: ServerInProcess, job: str, events: Events
) -> None:
    def label_and_end() -> None:
        server.client.patch(f"/api/v1/jobs/{job}", json={"labels": ["seen"]})
        time.sleep(0.5)
        server.end(job)

    got = _listen(EventHub(events), job, label_and_end, listeners=3)
    assert got == [each.id for each in events.after(job, 0, 1000)]


def test_who_comes_back_gets_what_was_missed(
    server: ServerInProcess, job: str, events: Events
) -> None:
    server.end(job)
    known = [each.id for each in events.after(job, 0, 1000)]
    assert asyncio.run(_all(EventHub(events), job, known[4])) == known[5:]
    assert asyncio.run(_all(EventHub(events), job, known[-1])) == []
    assert asyncio.run(_all(EventHub(events), "nothing")) == []


def test_who_is_slower_than_what_is_kept_reads_the_database(
    server: ServerInProcess, job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "KEPT", 1)
    monkeypatch.setattr(event_hub, "BATCH", 2)
    got = _listen(EventHub(events), job, lambda: server.end(job), listeners=2)
    assert got == [each.id for each in events.after(job, 0, 1000)]


def test_an_outage_of_the_database_loses_nothing(
    server: ServerInProcess, job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"glance": 0, "after": 0}

    def now_and_then(name: str) -> Callable[..., object]:
        answer = getattr(events, name)

        def ask(*arguments: object) -> object:
            asked[name] += 1
            if asked[name] % 2:
                raise DatabaseUnavailable("away")
            return answer(*arguments)

        return ask

    for name in asked:
        monkeypatch.setattr(events, name, now_and_then(name))
    got = _listen(EventHub(events), job, lambda: server.end(job))
    assert got == [each.id for each in Events(server.database).after(job, 0, 1000)]
    assert min(asked.values()) > 1


def test_listeners_share_one_look_and_leave_nothing_behind(
    server: ServerInProcess, job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "LOOK_INTERVAL", 0.02)
    looks = []
    glance = events.glance

    def look(jobs: Sequence[str]) -> dict[str, Glance]:
        looks.append(jobs)
        return glance(jobs)

    monkeypatch.setattr(events, "glance", look)
    hub = EventHub(events)

    async def scene() -> int:
        held = [asyncio.create_task(_all(hub, job)) for _ in range(50)]
        await asyncio.sleep(0.5)
        joined = len(looks)
        await asyncio.sleep(0.5)
        for each in held:
            each.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        return len(looks) - joined

    assert 0 < asyncio.run(scene()) <= 26
    assert hub._feeds == {}


def test_a_job_that_is_deleted_ends_its_streams(
    server: ServerInProcess, job: str, events: Events
) -> None:
    def remove() -> None:
        server.end(job)
        deletions = Deletions(server.database)
        deletions.delete(job)
        deletions.finish()

    got = _listen(EventHub(events), job, remove)
    assert len(got) == len(set(got)) > 0


def test_silence_is_broken_by_comments(
    job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "PING_INTERVAL", 0.01)

    async def scene() -> bytes:
        position = events.last_id(job)
        stream = EventHub(events).stream(job, position, anyio.Event())
        async with asyncio.timeout(5):
            return await anext(stream)

    assert asyncio.run(scene()) == PING


def test_no_look_is_under_way_once_the_hub_is_closed(
    job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection in use while the database is closed would stay open."""
    monkeypatch.setattr(event_hub, "LOOK_INTERVAL", 0.01)
    glance, under_way = events.glance, []

    def slow(jobs: Sequence[str]) -> dict[str, Glance]:
        under_way.append(1)
        time.sleep(0.2)
        found = glance(jobs)
        under_way.pop()
        return found

    async def scene() -> None:
        hub, stopping = EventHub(events), anyio.Event()
        stream = hub.stream(job, 0, stopping)
        await anext(stream)
        monkeypatch.setattr(events, "glance", slow)
        while not under_way:
            await asyncio.sleep(0.01)
        stopping.set()
        await hub.close(5)
        assert not under_way

    asyncio.run(scene())


def test_a_server_that_leaves_ends_its_streams(job: str, events: Events) -> None:
    async def scene() -> None:
        stopping = anyio.Event()
        stream = EventHub(events).stream(job, 0, stopping)
        await anext(stream)
        stopping.set()
        async with asyncio.timeout(5):
            assert [part async for part in stream] == []

    asyncio.run(scene())


def test_a_stream_ends_once_its_listener_may_listen_no_more(
    job: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "KNOWN_INTERVAL", 0.05)
    may = True

    async def scene() -> None:
        nonlocal may
        stream = EventHub(events).stream(job, 0, anyio.Event(), lambda: may)
        await anext(stream)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(stream)
        stream = EventHub(events).stream(job, 0, anyio.Event(), lambda: may)
        await anext(stream)
        may = False
        async with asyncio.timeout(5):
            assert [part async for part in stream] == []

    asyncio.run(scene())
