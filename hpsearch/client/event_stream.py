"""Server-sent events, read line by line."""

import json
from dataclasses import dataclass, field

from hpsearch.client.values import Event

ENDED = ("completed", "cancelled", "failed")


@dataclass
class EventReader:
    """Takes a stream's lines. last: the id of the last event that was whole; 0 before any."""

    last: int = 0
    _fields: dict[str, str] = field(default_factory=dict)

    def take(self, line: str) -> Event | None:
        """The event that this line ends, if it does. Comments, such as those that keep a
        connection open, are passed over."""
        if line:
            name, _, value = line.partition(":")
            if name:
                self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "id" not in fields or "data" not in fields:
            return None
        event = Event(int(fields["id"]), fields.get("event", ""), json.loads(fields["data"]))
        if event.id <= self.last:
            return None
        self.last = event.id
        return event

    def begin(self) -> dict[str, str]:
        """Forget half an event; the headers with which a stream goes on after the last one."""
        self._fields = {}
        return {"Last-Event-ID": str(self.last)} if self.last else {}
