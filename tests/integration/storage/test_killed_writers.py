"""A writer that is killed between two commits leaves whole steps, and an index that is right."""

import subprocess
import sys
import time
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from hpsearch.spec.search import SearchSpec
from hpsearch.trial import TrialState
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.rows import optuna_tables, tables
from storage.user_jobs import Jobs
from tests.integration.storage.samples import (
    PARAMS,
    spec,
)

WRITER = """
import sys
from storage.database import Database
from storage.job_store import SqlJobStore
from tests.integration.storage.samples import COMPLETED, cohort, report
url, job_id = sys.argv[1:]
records = SqlJobStore(Database(url))
spec = records.job(job_id).spec
for index in range(10_000):
    opened = cohort(spec, index, 4)
    records.open_cohort(job_id, opened, index)
    print(index, flush=True)
    numbers = [trial.number for trial in opened.trials]
    records.record(job_id, {n: report(20, 0.5) for n in numbers}, {}, index)
    endings = dict.fromkeys(numbers, COMPLETED)
    records.record(job_id, {n: report(40, 0.6) for n in numbers}, endings, index)
"""


@pytest.mark.parametrize("delay", [0.0, 0.004])
def test_a_writer_killed_in_the_middle_leaves_whole_steps(
    database: Database, database_url: str, delay: float
) -> None:
    job, _ = Jobs(database).create(spec())
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url, job.id], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    with writer.stdout:
        for _ in range(5):
            assert writer.stdout.readline()
        time.sleep(delay)
        writer.kill()
        writer.wait()

    history = SqlJobStore(database).history(job.id)

    assert len(history.trials) >= 20
    assert len(history.trials) % 4 == 0
    for one in history.trials[:-4]:
        assert (len(one.reports), one.state) == (2, TrialState.COMPLETE)
    last = {(len(one.reports), one.state) for one in history.trials[-4:]}
    assert len(last) == 1
    _check_index(database, job.spec)
    assert Jobs(database).look(job.id).progress.running in (0, 4)


def _check_index(database: Database, of: SearchSpec) -> None:
    """Our index of trials says the same as Optuna's tables."""
    ours, theirs, values = tables.trials, optuna_tables.trials, optuna_tables.trial_values
    joined = (
        select(ours.c.state, theirs.c.state, ours.c.value, values.c.value, theirs.c.number)
        .select_from(theirs)
        .join(ours, ours.c.trial_id == theirs.c.trial_id, full=False, isouter=True)
        .join(values, values.c.trial_id == theirs.c.trial_id, isouter=True)
        .order_by(theirs.c.number)
    )
    params = select(func.count()).select_from(optuna_tables.trial_params)
    with database.read() as connection:
        rows = connection.execute(joined).all()
        stored_params = connection.execute(params).scalar_one()
    assert all(a is not None and b.name == a.upper() and c == d for a, b, c, d, _ in rows)
    assert all(after == before + 1 for before, after in pairwise(row[4] for row in rows))
    assert stored_params == len(rows) * len(PARAMS)
    assert set(PARAMS) < set(of.space)
