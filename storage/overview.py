"""All jobs at a glance, for monitoring."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from hpsearch.jobs import JobState
from storage.database import Database
from storage.rows.jobs import visible
from storage.rows.tables import jobs


@dataclass(frozen=True)
class JobCounts:
    """jobs: how many are in each state, zeros included. queued_since: of the longest waiting."""

    jobs: Mapping[JobState, int]
    queued_since: datetime | None


class Overview:
    """Reading what concerns all jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self) -> JobCounts:
        """Counted by the database, however many jobs there are."""
        by_state = visible(select(jobs.c.state, func.count())).group_by(jobs.c.state)
        oldest = (
            select(jobs.c.created_at)
            .where(jobs.c.state == JobState.QUEUED.value)
            .order_by(jobs.c.pk)
            .limit(1)
        )
        with self._database.read() as connection:
            found = {str(state): int(count) for state, count in connection.execute(by_state)}
            queued_since = connection.execute(oldest).scalar_one_or_none()
        return JobCounts({state: found.get(state.value, 0) for state in JobState}, queued_since)
