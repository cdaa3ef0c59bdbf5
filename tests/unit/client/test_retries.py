"""What a client does where no answer comes, or one that passes: both clients do the same."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import httpx2 as httpx
import pytest

from hpsearch.client import AsyncClient, Client
from hpsearch.client.event_stream import EventReader
from hpsearch.errors import ServiceError

URL = "http://server.example"
JOB = httpx.Response(200, json={"id": "J"})
Story = Sequence[httpx.Response | Exception]
REFUSED = httpx.ConnectError("refused")


class Server:
    """Answers as the story has it, one after the other."""

    def __init__(self, story: Story) -> None:
        self.story = list(story)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        told = self.story.pop(0)
        if isinstance(told, Exception):
            raise told
        return httpx.Response(told.status_code, headers=told.headers, content=told.content)


def _sync(server: Server, act: Callable[[Any], Any]) -> Any:
    client = Client(URL)
    client._http = httpx.Client(base_url=URL, transport=httpx.MockTransport(server.answer))
    client._sleep = server.slept.append
    with client:
        found = act(client)
        return list(found) if inspect.isgenerator(found) else found


def _async(server: Server, act: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        client = AsyncClient(URL)
        transport = httpx.MockTransport(server.answer)
        client._http = httpx.AsyncClient(base_url=URL, transport=transport)

        async def sleep(seconds: float) -> None:
            server.slept.append(seconds)

        client._sleep = sleep
        async with client:
            found = act(client)
            if inspect.isasyncgen(found):
                return [event async for event in found]
            return await found

    return asyncio.run(run())


@pytest.fixture(params=[_sync, _async], ids=["Client", "AsyncClient"])
def ask(request: pytest.FixtureRequest) -> Callable[[Server, Callable[[Any], Any]], Any]:
    found: Callable[[Server, Callable[[Any], Any]], Any] = request.param
    return found


Ask = Callable[[Server, Callable[[Any], Any]], Any]


def _problem(status: int, retry_after: str | None = None) -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(status, json={"detail": "no"}, headers=headers)


def test_a_search_is_submitted_once_however_often_it_is_sent(ask: Ask) -> None:
    server = Server([REFUSED, _problem(503), JOB])
    assert ask(server, lambda client: client.submit({"dataset": "digits"})) == {"id": "J"}
    keys = {request.headers["Idempotency-Key"] for request in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert server.slept == [0.2, 0.4]


@pytest.mark.parametrize(
    ("story", "status"),
    [
        ([REFUSED] * 3, None),
        ([_problem(503)] * 3, 503),
        ([_problem(422)], 422),
        ([_problem(429)], 429),
        ([_problem(429, "60")], 429),
    ],
)
def test_it_gives_up_or_does_not_begin(ask: Ask, story: Story, status: int | None) -> None:
    server = Server(story)
    with pytest.raises(ServiceError) as caught:
        ask(server, lambda client: client.job("J"))
    assert caught.value.status == status
    assert server.story == []


def test_a_busy_server_says_when_to_come_again(ask: Ask) -> None:
    server = Server([_problem(429, "5"), JOB])
    ask(server, lambda client: client.job("J"))
    assert server.slept == [5.0]


def test_what_would_do_more_the_second_time_is_sent_once(ask: Ask) -> None:
    server = Server([REFUSED])
    with pytest.raises(ServiceError):
        ask(server, lambda client: client.enqueue("J", {"learning_rate": 0.1}))
    assert len(server.asked) == 1


def _events(*numbers: int, half: str = "") -> httpx.Response:
    lines = (f'id: {n}\nevent: trial_ended\ndata: {{"number": {n}}}\n\n' for n in numbers)
    return httpx.Response(200, text=": hello\n\n" + "".join(lines) + half)


def test_watch_outlasts_a_restart_without_a_gap_or_a_second_time(ask: Ask) -> None:
    cut = _events(1, 2, half="id: 3\nevent: trial_ended\n")
    server = Server([cut, REFUSED, _problem(503), _events(2, 3), httpx.Response(204)])
    events = ask(server, lambda client: client.watch("J"))
    assert [event.id for event in events] == [1, 2, 3]
    assert events[2].data == {"number": 3}
    assert [request.headers.get("Last-Event-ID") for request in server.asked] == [
        None, "2", "2", "2", "3",
    ]  # fmt: skip


def test_watch_has_no_endless_patience_and_none_for_what_stays(ask: Ask) -> None:
    with pytest.raises(ServiceError, match="refused"):
        ask(Server([REFUSED] * 9), lambda client: client.watch("J", patience=-1))
    with pytest.raises(ServiceError) as caught:
        ask(Server([_problem(404)]), lambda client: client.watch("J"))
    assert caught.value.status == 404


def test_an_event_of_several_fields_is_whole_at_its_empty_line() -> None:
    reader = EventReader()
    lines = ["id: 7", "event: x", 'data: {"a": 1}']
    assert [reader.take(line) for line in lines] == [None] * 3
    event = reader.take("")
    assert event is not None
    assert (event.id, event.kind, event.data) == (7, "x", {"a": 1})


def test_both_clients_offer_the_same() -> None:
    def offered(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert offered(Client) == offered(AsyncClient)
