"""Deleting jobs that ended long ago, against a server that is made up of answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hpsearch.cli.prune import age, prune
from hpsearch.client import Client
from hpsearch.client.calls import Call
from hpsearch.errors import ServiceError

JOBS = {  # days since each ended, newest first
    "running": None,
    "yesterday": 1,
    "later": 40,
    "in_use": 41,
    "old": 400,
}


class MadeUpServer(Client):
    """Two jobs a page; `in_use` cannot be deleted, and `old` has just gone."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.deleted: list[str] = []

    def _json(self, call: Call) -> dict[str, Any]:
        if call.method == "GET":
            return _page(call.options["params"].get("after"))
        name = call.path.rpartition("/")[2]
        if name in ("in_use", "old"):
            raise ServiceError([f"{name} cannot be deleted"], 409 if name == "in_use" else 404)
        self.deleted.append(name)
        return {}


def _page(after: str | None) -> dict[str, Any]:
    names = [*JOBS]
    start = names.index(after) + 1 if after else 0
    page = names[start : start + 2]
    items = [{"id": name, "finished_at": _ended(JOBS[name])} for name in page]
    return {"items": items, "next": page[-1] if start + 2 < len(names) else None}


def _ended(days: int | None) -> str | None:
    return None if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.fixture
def server() -> Iterator[MadeUpServer]:
    with MadeUpServer() as opened:
        yield opened


def test_only_what_ended_before_goes_and_what_stays_is_named(server: MadeUpServer) -> None:
    found = {job["id"]: kept for job, kept in prune(server, "30d", dry_run=False)}

    assert found == {"later": None, "in_use": "in_use cannot be deleted"}
    assert server.deleted == ["later"]


def test_a_dry_run_deletes_nothing(server: MadeUpServer) -> None:
    found = [job["id"] for job, _ in prune(server, "30d", dry_run=True)]

    assert found == ["later", "in_use", "old"]
    assert server.deleted == []


def test_ages_are_read() -> None:
    assert age("90m") == timedelta(minutes=90)
    assert age("2w") == timedelta(days=14)


@pytest.mark.parametrize(
    "text", ["", "30", "d", "0d", "-1d", "1.5d", "30 d", "1y", "999999d", "٣d"]
)
def test_what_is_not_an_age_is_said_so(text: str) -> None:
    with pytest.raises(ServiceError, match="is not an age"):
        age(text)
