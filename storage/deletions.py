"""Deleting jobs, and what else goes away in time.

A job is deleted in one transaction: from then on nobody sees it. Its rows, of which there may be
millions, follow in pieces that keep no writer waiting. What a kill leaves behind is marked as
deleted, and the next call of `finish`, of any server, removes it.
"""

from collections.abc import Callable

from sqlalchemy import Connection, delete, select, update

from hpsearch.errors import JobInUse, JobNotFound, JobStateConflict
from hpsearch.jobs import JobState
from storage.database import Database
from storage.rows import optuna_tables, tables
from storage.rows.jobs import check_id, now
from storage.rows.kept_ids import keep_ids_unused
from storage.rows.keys import KEYS_LAST

TRIALS_AT_ONCE = 200  # with all that belongs to them
ROWS_AT_ONCE = 2000

_IN_PIECES = (tables.trials, tables.events)
_REST = [
    table
    for table in tables.metadata.sorted_tables
    if "job_pk" in table.c and table not in _IN_PIECES
]
"""Tables with few rows of a job; those that are added later are among them."""


class Deletions:
    """Safe to call from several threads and servers at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended; nothing happens if it is being deleted already.

        Survives a power cut once it has returned. Raises JobNotFound, JobStateConflict for a job
        that has not ended, and JobInUse if another job starts from its trials.
        """
        check_id(job_id)
        jobs = tables.jobs
        query = select(jobs.c.pk, jobs.c.state, jobs.c.deleted_at).where(jobs.c.id == job_id)
        with self._database.write(durable=True) as connection:
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                raise JobNotFound(job_id)
            if row.deleted_at is not None:
                return
            if not JobState(row.state).ended:
                raise JobStateConflict(job_id, row.state, "be deleted")
            later = _starting_from(connection, job_id)
            if later:
                raise JobInUse(job_id, later)
            gone = {"deleted_at": now(), "version": jobs.c.version + 1}
            connection.execute(update(jobs).where(jobs.c.pk == row.pk).values(gone))

    def finish(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Remove the rows of all deleted jobs, in pieces; `stop` is asked between them."""
        while not stop():
            with self._database.write(durable=False) as connection:
                if not _remove_piece(connection):
                    return

    def expire_keys(self) -> None:
        """Forget idempotency keys whose time is up, in one bounded piece."""
        table = tables.idempotency_keys
        old = select(table.c.key_sha256).where(table.c.created_at < now() - KEYS_LAST)
        with self._database.write(durable=False) as connection:
            piece = old.limit(ROWS_AT_ONCE).scalar_subquery()
            connection.execute(delete(table).where(table.c.key_sha256.in_(piece)))


def _starting_from(connection: Connection, job_id: str) -> list[str]:
    """Ids of the jobs that know the trials of this one, at most ten."""
    jobs = tables.jobs
    query = select(jobs.c.id).where(jobs.c.warm_start.contains(f'"{job_id}"'))
    return list(connection.execute(query.where(jobs.c.deleted_at.is_(None)).limit(10)).scalars())


def _remove_piece(connection: Connection) -> bool:
    """Remove some rows of a deleted job, the job's own last; False if there is no such job."""
    jobs = tables.jobs
    query = select(jobs.c.pk, jobs.c.id, jobs.c.study_id).where(jobs.c.deleted_at.is_not(None))
    job = connection.execute(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if job is None:
        return False
    if not _remove_trials(connection, job.study_id) and not _remove_events(connection, job.pk):
        for table in _REST:
            connection.execute(delete(table).where(table.c.job_pk == job.pk))
        keys = tables.idempotency_keys
        connection.execute(delete(keys).where(keys.c.job_id == job.id))
        connection.execute(delete(jobs).where(jobs.c.pk == job.pk))
        keep_ids_unused(connection, optuna_tables.studies.c.study_id, job.study_id)
        for table in (*optuna_tables.OF_STUDIES, optuna_tables.studies):
            connection.execute(delete(table).where(table.c.study_id == job.study_id))
    return True


def _remove_trials(connection: Connection, study_id: int) -> bool:
    trials = optuna_tables.trials
    query = select(trials.c.trial_id).where(trials.c.study_id == study_id)
    piece = query.order_by(trials.c.trial_id.desc()).limit(TRIALS_AT_ONCE)
    ids = list(connection.execute(piece).scalars())
    if not ids:
        return False
    keep_ids_unused(connection, trials.c.trial_id, max(ids))
    for table in (*optuna_tables.OF_TRIALS, tables.trials, trials):
        connection.execute(delete(table).where(table.c.trial_id.in_(ids)))
    return True


def _remove_events(connection: Connection, pk: int) -> bool:
    events = tables.events
    some = select(events.c.id).where(events.c.job_pk == pk).limit(ROWS_AT_ONCE).scalar_subquery()
    return connection.execute(delete(events).where(events.c.id.in_(some))).rowcount > 0
