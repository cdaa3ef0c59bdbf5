"""What must hold after any fault: the planned trials, each once, with the undisturbed result."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpsearch.digest import digest
from hpsearch.trial import Outcome
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

SPEC: Mapping[str, Any] = {
    "dataset": "digits",
    "network": "lenet5",
    "epochs": 3,
    "batch_size": 32,
    "cohort": 4,
    "budget": {"trials": 24},
    "seed": 7,
}
"""A few seconds of training on two cores."""


@dataclass(frozen=True)
class Result:
    """What a job came to, as it stands in the database."""

    state: str
    stop_reason: str | None
    trials: int
    outcomes: Counter[Outcome | None]
    """How many trials ended how; None: those that run."""
    digest: str


def result_of(database_url: str, job_id: str) -> Result:
    """Read a job's result past the server, which need not run."""
    database = Database(database_url)
    try:
        records = SqlJobStore(database)
        job, history = records.job(job_id), records.history(job_id)
    finally:
        database.close()
    outcomes = Counter(t.ending.outcome if t.ending else None for t in history.trials)
    value = digest(job.spec, history, job.stop_reason, job.data)
    return Result(job.state.value, job.stop_reason, len(history.trials), outcomes, value)


def job_ids(database_url: str) -> list[str]:
    """The ids of all jobs in the database."""
    database = Database(database_url)
    try:
        return [view.job.id for view in Jobs(database).page(limit=10_000)[0]]
    finally:
        database.close()
