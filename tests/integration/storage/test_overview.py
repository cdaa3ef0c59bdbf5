"""Counts over all jobs, on both databases."""

from datetime import UTC, datetime, timedelta

from hpsearch.jobs import JobState
from hpsearch.spec.search import parse_spec
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.overview import Overview
from storage.user_jobs import Jobs

SPEC = parse_spec({"dataset": "digits"})


def test_counts_jobs_by_state(database: Database) -> None:
    overview, jobs, records = Overview(database), Jobs(database), SqlJobStore(database)
    assert sum(overview.counts().jobs.values()) == 0
    assert overview.counts().queued_since is None
    ids = [jobs.create(SPEC)[0].id for _ in range(4)]
    records.start(ids[0], {})
    records.end(ids[1], JobState.CANCELLED, "cancelled by user", 0.0)
    counts = overview.counts()
    assert counts.jobs[JobState.QUEUED] == 2
    assert counts.jobs[JobState.RUNNING] == counts.jobs[JobState.CANCELLED] == 1
    assert counts.jobs[JobState.FAILED] == 0
    assert counts.queued_since is not None
    assert datetime.now(UTC) - counts.queued_since < timedelta(minutes=5)
