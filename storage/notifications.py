"""Which ended jobs somebody still has to be told of: kept with the job, so a restart loses none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select, update

from storage.database import Database
from storage.events import EventKind
from storage.rows import tables
from storage.rows.jobs import ENDED, read_job, visible
from storage.rows.views import read_views

MOST = 20  # jobs in one look


@dataclass(frozen=True)
class Ended:
    """A job that ended. event: the id of that event; a job that is extended ends again.

    certified: whether its best trials were trained again. facts: as JSON values.
    """

    job_id: str
    url: str
    event: int
    at: datetime
    certified: bool
    facts: Mapping[str, Any]


class Notifications:
    """Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self) -> list[Ended]:
        """The jobs that ended and whose receivers were not told yet, at most MOST of them."""
        jobs, events, confirmed = tables.jobs, tables.events, tables.confirmations
        last = (
            select(func.max(events.c.id))
            .where(events.c.job_pk == jobs.c.pk, events.c.kind == EventKind.STATE_CHANGED.value)
            .scalar_subquery()
        )
        certified = exists().where(confirmed.c.job_pk == jobs.c.pk)
        query = (
            visible(select(jobs.c.id, jobs.c.notify_url, jobs.c.finished_at, last, certified))
            .where(jobs.c.notify_url.is_not(None))
            .where(jobs.c.state.in_([state.value for state in ENDED]))
            .where(or_(jobs.c.notified.is_(None), jobs.c.notified < last))
            .order_by(jobs.c.finished_at)
            .limit(MOST)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            return [
                Ended(job_id, url, event, at, bool(again), self._facts(connection, job_id))
                for job_id, url, at, event, again in rows
                if event is not None
            ]

    def done(self, job_id: str, event: int) -> None:
        """The receiver was told of this end, or never will be."""
        jobs = tables.jobs
        with self._database.write(durable=True) as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(notified=event))

    @staticmethod
    def _facts(connection: Any, job_id: str) -> Mapping[str, Any]:
        [view] = read_views(connection, [read_job(connection, job_id)])
        job, best = view.job, view.best
        return {
            "id": job.id,
            "name": job.name,
            "labels": list(job.labels),
            "state": job.state.value,
            "stop_reason": job.stop_reason,
            "seconds": round(job.seconds, 3),
            "best": best and {"number": best.number, "value": best.value},
        }
