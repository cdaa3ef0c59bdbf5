"""A connection to a server: what is sent, sent again, and streamed."""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import httpx2 as httpx

from hpsearch.client.calls import Call
from hpsearch.client.event_stream import EventReader
from hpsearch.client.problems import FAULTS, json_of, unanswered
from hpsearch.client.settings import (
    FIRST_PAUSE,
    PASSING,
    POLL,
    RETRIES,
    TIMEOUT,
    Retries,
    options,
    refused,
)
from hpsearch.client.values import Event
from hpsearch.errors import ServiceError

Answer = dict[str, Any]


class Connection:
    """What `Client` is built on."""

    def __init__(
        self, url: str, timeout: float = TIMEOUT, token: str | None = None, retries: int = RETRIES
    ) -> None:
        """token: as `hpsearch token create` printed it; None takes that of HPSEARCH_TOKEN, if it is
        set, and "" none at all. timeout: seconds for one answer."""
        self.url = url.rstrip("/")
        self._retries = retries
        self._sleep: Callable[[float], None] = time.sleep
        try:
            self._http = httpx.Client(**options(self.url, timeout, token))
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise refused(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, call: Call) -> Answer:
        return json_of(self.url, self._send(call))

    def _send(self, call: Call) -> httpx.Response:
        """The answer, whatever it is, unless it is a problem."""
        retries = Retries(self._retries if call.repeatable else 0)
        while True:
            response, fault = None, None
            try:
                response = self._http.request(call.method, call.path, **call.options)
            except FAULTS as error:
                fault = unanswered(self.url, error)
            if response is not None and response.is_success:
                return response
            pause = retries.next_pause(response)
            if pause is None:
                break
            self._sleep(pause)
        if response is None:
            raise fault or ServiceError([f"no answer from {self.url}"])
        json_of(self.url, response)
        return response

    def _events(self, path: str, reader: EventReader, patience: float) -> Iterator[Event]:
        """The events of a stream that is taken up again, until the server says that it is over."""
        gone: float | None = None
        while True:
            try:
                with self._http.stream("GET", path, headers=reader.begin()) as response:
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return
                    if not response.is_success:
                        response.read()
                        json_of(self.url, response)
                    for line in response.iter_lines():
                        gone = None
                        event = reader.take(line)
                        if event is not None:
                            yield event
            except FAULTS as error:
                fault: ServiceError = unanswered(self.url, error)
            except ServiceError as error:
                if error.status not in PASSING:
                    raise
                fault = error
            else:
                self._sleep(FIRST_PAUSE)
                continue
            gone = gone or time.monotonic()
            if time.monotonic() - gone > patience:
                raise fault
            self._sleep(POLL)
