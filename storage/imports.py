"""Jobs of other servers, brought in from their files: all of one in one transaction, or nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from hpsearch.access import LOCAL, Identity
from hpsearch.digest import digest
from hpsearch.errors import ImportConflict, JobNotFound
from hpsearch.history import Confirmation, EarlierJob, History, Round
from hpsearch.job_file import JobFile
from hpsearch.jobs import Job
from storage.database import Database
from storage.job_store import read_history
from storage.rows import codec, tables
from storage.rows.jobs import (
    JobRow,
    WarmStart,
    change_job,
    check_id,
    data_out,
    lock_against_deletion,
    lock_job,
    now,
    read_job,
)
from storage.rows.new_jobs import insert_job
from storage.rows.trial_writes import add_trials, record_trials

TOGETHER = 500  # trials written by one statement


class Imports:
    """Brings jobs in. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, held: JobFile, owner: Identity = LOCAL) -> tuple[Job, bool]:
        """Bring in a job that was checked (`hpsearch.importable`); says whether it is new.

        The same job again changes nothing. Raises ImportConflict if another job has its id, or an
        earlier job that it started from is not here.
        """
        facts = held.facts
        check_id(facts.id)
        with self._database.write(durable=True) as connection:
            if _is_here(connection, facts.id):
                return _same_job(connection, held), False
            sources = tuple(_source(connection, each) for each in held.history.prior)
            insert_job(connection, facts.id, held.spec, sources, facts.priority, owner.name)
            row = lock_job(connection, facts.id)
            _write_rounds(connection, row, held.history.rounds)
            _write_trials(connection, row, held.history)
            _write_confirmations(connection, row, held.history.confirmations)
            _finish(connection, row, held)
            return read_job(connection, facts.id).job, True


def _is_here(connection: Connection, job_id: str) -> bool:
    """Also of a job whose rows are still being deleted: its id is taken."""
    query = select(tables.jobs.c.pk).where(tables.jobs.c.id == job_id)
    return connection.execute(query).scalar() is not None


def _same_job(connection: Connection, held: JobFile) -> Job:
    """The job that is here, if its result is the file's; raises ImportConflict."""
    facts = held.facts
    try:
        row = read_job(connection, facts.id)
    except JobNotFound:
        raise ImportConflict(facts.id, "a job of this id is being deleted") from None
    here = read_history(connection, row)
    if digest(row.job.spec, here, row.job.stop_reason, row.job.data) != facts.digest:
        raise ImportConflict(facts.id, "another job, or another state of it, has this id here")
    return row.job


def _source(connection: Connection, earlier: EarlierJob) -> WarmStart:
    try:
        lock_against_deletion(connection, earlier.id)
    except JobNotFound:
        raise ImportConflict(
            earlier.id, "the imported job starts from its trials: import it first"
        ) from None
    numbers = {trial.number for trial in earlier.trials}
    count = max(numbers, default=-1) + 1
    return WarmStart(earlier.id, count, tuple(sorted(set(range(count)) - numbers)))


def _write_rounds(connection: Connection, row: JobRow, rounds: Sequence[Round]) -> None:
    for each in rounds:
        values = {"job_pk": row.pk, "index": each.index, "round": codec.round_out(each)}
        connection.execute(insert(tables.rounds), values)


def _write_trials(connection: Connection, row: JobRow, history: History) -> None:
    moment = now()
    for start in range(0, len(history.trials), TOGETHER):
        trials = history.trials[start : start + TOGETHER]
        add_trials(connection, row, trials, moment)
        positions = max(len(trial.reports) for trial in trials)
        for position in range(-1, positions):
            reports = {
                trial.number: trial.reports[position]
                for trial in trials
                if 0 <= position < len(trial.reports)
            }
            endings = {
                trial.number: trial.ending
                for trial in trials
                if trial.ending is not None and len(trial.reports) == position + 1
            }
            record_trials(connection, row, reports, endings, moment)


def _write_confirmations(
    connection: Connection, row: JobRow, found: Sequence[Confirmation]
) -> None:
    for each in found:
        stage, trial, repeat = each.key
        key = {"job_pk": row.pk, "stage": stage.value, "trial": trial, "repeat": repeat}
        text = codec.confirmation_out(each)
        connection.execute(insert(tables.confirmations), {**key, "found": text})


def _finish(connection: Connection, row: JobRow, held: JobFile) -> None:
    facts = held.facts
    change_job(
        connection,
        row,
        state=facts.state.value,
        stop_reason=facts.stop_reason,
        seconds=facts.seconds,
        environment=codec.to_json(dict(facts.environment)),
        created_at=_moment(facts.created_at),
        started_at=_moment(facts.started_at),
        finished_at=_moment(facts.finished_at),
        digest=facts.digest,
        earlier_budgets=codec.budgets_out(facts.earlier_budgets) if facts.earlier_budgets else None,
        **data_out(facts.data, held.history.baseline),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
