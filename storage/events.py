"""What happened to a job, in order: an append-only record, written with what it tells of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select

from hpsearch.jobs import JobState
from storage.database import Database
from storage.rows import tables
from storage.rows.codec import to_json
from storage.rows.jobs import job_pk, visible

MAX_ID = 2**63 - 1

_ADD = insert(tables.events)


class EventKind(StrEnum):
    """What happened; the payload's fields in brackets."""

    JOB_CREATED = "job_created"  # name
    WISH_CHANGED = "wish_changed"  # wish
    BUDGET_CHANGED = "budget_changed"  # budget
    PRIORITY_CHANGED = "priority_changed"  # priority
    LABELS_CHANGED = "labels_changed"  # labels
    ARCHIVED_CHANGED = "archived_changed"  # archived
    TRIAL_ENQUEUED = "trial_enqueued"  # params
    STATE_CHANGED = "state_changed"  # state, stop_reason
    ROUND_OPENED = "round_opened"  # round, reason, epochs
    TRIAL_STARTED = "trial_started"  # number, round, cohort, params
    TRIAL_REPORTED = "trial_reported"  # number, step, epoch, value, loss
    TRIAL_CONFIRMED = "trial_confirmed"  # number, stage, repeat, value, problem
    TRIAL_ENDED = "trial_ended"  # number, state, outcome, reason, value, epochs


@dataclass(frozen=True)
class Event:
    """`id` counts up within a job, with gaps; `payload` is the text of a JSON object."""

    id: int
    at: datetime
    kind: EventKind
    payload: str

    @property
    def data(self) -> dict[str, Any]:
        """The payload, read."""
        data: dict[str, Any] = json.loads(self.payload)
        return data


@dataclass(frozen=True)
class Glance:
    """Where a job is: the id of its newest event, and whether it has ended."""

    last: int
    ended: bool


class Events:
    """Reading the events of a job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, job_id: str, event_id: int, limit: int) -> list[Event]:
        """The job's next events after `event_id` (0: from the first), oldest first.

        Whatever was there when a later event appeared has a lower id, so nothing is missed by
        asking for what comes after the last one seen. Raises JobNotFound.
        """
        table = tables.events
        with self._database.read() as connection:
            query = (
                select(table.c.id, table.c.at, table.c.kind, table.c.payload)
                .where(table.c.job_pk == job_pk(connection, job_id))
                .where(table.c.id > min(max(event_id, 0), MAX_ID))
                .order_by(table.c.id)
                .limit(limit)
            )
            rows = connection.execute(query).all()
        return [Event(id_, at, EventKind(kind), text) for id_, at, kind, text in rows]

    def glance(self, job_ids: Sequence[str]) -> dict[str, Glance]:
        """Where these jobs are, in one statement; those that do not exist are left out."""
        table, jobs = tables.events, tables.jobs
        newest = select(func.max(table.c.id)).where(table.c.job_pk == jobs.c.pk).scalar_subquery()
        query = visible(select(jobs.c.id, jobs.c.state, newest)).where(jobs.c.id.in_(job_ids))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {id_: Glance(last or 0, JobState(state).ended) for id_, state, last in rows}

    def last_id(self, job_id: str) -> int:
        """The id of the job's newest event. Raises JobNotFound."""
        table = tables.events
        with self._database.read() as connection:
            query = (
                select(table.c.id)
                .where(table.c.job_pk == job_pk(connection, job_id))
                .order_by(table.c.id.desc())
                .limit(1)
            )
            return connection.execute(query).scalar() or 0


def add_events(
    connection: Connection,
    pk: int,
    at: datetime,
    happened: Iterable[tuple[EventKind, Mapping[str, Any]]],
) -> None:
    """Append events to a job whose row this transaction holds, so that ids follow commits."""
    rows = [
        {"job_pk": pk, "at": at, "kind": kind.value, "payload": to_json(payload)}
        for kind, payload in happened
    ]
    if rows:
        connection.execute(_ADD, rows)
