"""Deleting jobs that ended long ago."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hpsearch.client import Client
from hpsearch.errors import ServiceError

CONFLICT, GONE = 409, 404
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"([1-9][0-9]{0,4})([mhdw])", re.ASCII)

Answer = Mapping[str, Any]


def age(text: str) -> timedelta:
    """`30d` as a span of time; raises ServiceError for what is none."""
    found = _AGE.fullmatch(text)
    if found is None:
        line = f"--older-than: {text!r} is not an age; write a number and m, h, d or w, as in 30d"
        raise ServiceError([line])
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def ended_before(client: Client, moment: datetime) -> list[Answer]:
    """The jobs that ended before, newest first: what starts from another job comes before it."""
    return [
        job
        for job in client.all_jobs()
        if job["finished_at"] is not None and datetime.fromisoformat(job["finished_at"]) < moment
    ]


def prune(client: Client, older_than: str, dry_run: bool) -> Iterator[tuple[Answer, str | None]]:
    """Delete them, unless this is a dry run; each with why it stays, None if it does not."""
    for job in ended_before(client, datetime.now(UTC) - age(older_than)):
        kept = None
        try:
            if not dry_run:
                client.delete(job["id"])
        except ServiceError as error:
            if error.status == GONE:
                continue
            if error.status != CONFLICT:
                raise
            kept = str(error)
        yield job, kept
