"""What the dispatcher records of running jobs: implements hpsearch.runner.ports.JobStore.

Every method is one transaction over Optuna's tables and ours, so a crash leaves all of it or
nothing. It need not survive a power cut unless it ends a job: what is lost is trained again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields

from sqlalchemy import Connection, and_, insert, select, update

from hpsearch.baseline import Baseline
from hpsearch.errors import DataChanged, JobStateConflict, OtherTrials
from hpsearch.history import Cohort, Confirmation, DataHashes, EarlierJob, History
from hpsearch.jobs import Job, JobState, RequestedState, outcome_of_trials
from hpsearch.runner.ports import UnfinishedJob
from hpsearch.spec.parts import Budget
from hpsearch.spec.space import Value
from hpsearch.spec.stored import Unreadable
from hpsearch.trial import Ending, Report, Trial
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.events import EventKind, add_events
from storage.rows import codec, leader, tables
from storage.rows.jobs import (
    ENDED,
    JobRow,
    WarmStart,
    change_job,
    data_out,
    lock_job,
    now,
    read_job,
)
from storage.rows.trial_reads import read_confirmations, read_rounds, read_trials
from storage.rows.trial_writes import add_trials, record_trials, running_numbers

_of = tables.jobs.c
_UNFINISHED = (
    select(*(_of[field.name] for field in fields(UnfinishedJob)))
    .where(_of.state.not_in([state.value for state in ENDED]))
    .order_by(_of.pk)
)


class SqlJobStore:
    """The dispatcher's view of the database. Safe to call from several threads.

    lock: only while this server has it, and nobody took it since, anything is written; otherwise
    LeadershipLost is raised. Without a lock anybody may write, as tests and tools do.
    """

    def __init__(self, database: Database, lock: WriterLock | None = None) -> None:
        self._database = database
        self._lock = lock

    def unfinished(self) -> Sequence[UnfinishedJob]:
        """All jobs that have not ended, oldest first. Cheap: no spec is read."""
        with self._database.read() as connection:
            rows = connection.execute(_UNFINISHED).all()
        return [
            UnfinishedJob(
                id=row.id,
                state=JobState(row.state),
                wish=RequestedState(row.wish),
                priority=row.priority,
                version=row.version,
                seconds=row.seconds,
                created_at=row.created_at,
                owner=row.owner,
            )
            for row in rows
        ]

    def job(self, job_id: str) -> Job:
        """One job as it is now; raises JobNotFound."""
        with self._database.read() as connection:
            return read_job(connection, job_id).job

    def history(self, job_id: str) -> History:
        """All that happened in the job, with the trials that it starts from."""
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            return read_history(connection, row)

    def enqueued(self, job_id: str) -> tuple[Mapping[str, Value], ...]:
        """Parameters that the user wants tried and that no trial has taken up yet, in order."""
        with self._database.read() as connection:
            return _waiting(connection, read_job(connection, job_id).pk)

    def start(self, job_id: str, environment: Mapping[str, str]) -> None:
        """queued or paused → running; the environment is kept from the first start."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            if row.job.state is JobState.RUNNING:
                return
            _refuse_ended(row, "start")
            if row.job.started_at is None:
                text = codec.to_json(dict(environment))
                change_job(connection, row, started_at=now(), environment=text)
            if row.job.waits_for is not None:
                change_job(connection, row, waits_for=None)
            _set_state(connection, row, JobState.RUNNING)

    def record_data(self, job_id: str, data: DataHashes, baseline: Baseline) -> None:
        """Record which data the job trains on; raises DataChanged if it began with other data."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            if row.job.data == data and row.baseline is not None:
                return
            if row.job.data not in (None, data):
                name, before = row.job.spec.dataset.name, row.job.data
                found = (before.dataset, data.dataset)
                if before.dataset == data.dataset:
                    name, found = f"the split of {name}", (before.split, data.split)
                raise DataChanged(name, *found)
            _refuse_ended(row, "record the data")
            change_job(connection, row, **data_out(data, baseline))

    def pause(self, job_id: str, seconds: float) -> None:
        """running or queued → paused, with the seconds of running so far."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            if row.job.state is JobState.PAUSED:
                return
            _refuse_ended(row, "pause")
            change_job(connection, row, seconds=seconds)
            _set_state(connection, row, JobState.PAUSED)

    def wait(self, job_id: str, waits_for: str | None, seconds: float) -> None:
        """running or queued → queued, with what it waits for, if not for its turn."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            job = row.job
            if job.state not in (JobState.RUNNING, JobState.QUEUED):
                return
            if job.waits_for != waits_for:
                change_job(connection, row, waits_for=waits_for)
            if job.state is JobState.RUNNING:
                change_job(connection, row, seconds=seconds)
                _set_state(connection, row, JobState.QUEUED)

    def open_cohort(self, job_id: str, cohort: Cohort, seconds: float) -> None:
        """Record a cohort's trials as running, and its round where `cohort.opens`."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            _refuse_ended(row, "open a cohort")
            if _has_cohort(connection, row, cohort):
                return
            if cohort.opens:
                _open_round(connection, row, cohort)
            _take(connection, row.pk, cohort)
            add_trials(connection, row, cohort.trials, now())
            change_job(connection, row, seconds=seconds)

    def record(
        self,
        job_id: str,
        reports: Mapping[int, Report],
        endings: Mapping[int, Ending],
        seconds: float,
    ) -> None:
        """Record what trials (by number) reported and how trials ended.

        A report that is there already is left as it is; an ended trial stays as it ended.
        """
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            if row.job.state.ended:
                return  # all its trials ended with it
            record_trials(connection, row, reports, endings, now())
            change_job(connection, row, seconds=seconds)

    def confirm(self, job_id: str, found: Confirmation) -> None:
        """Record a training that confirms; one that is there already stands."""
        with self._write(durable=False) as connection:
            row = lock_job(connection, job_id)
            if row.job.state.ended or found.key in {
                each.key for each in read_confirmations(connection, row.pk)
            }:
                return
            stage, trial, repeat = found.key
            key = {"job_pk": row.pk, "stage": stage.value, "trial": trial, "repeat": repeat}
            text = codec.confirmation_out(found)
            connection.execute(insert(tables.confirmations), {**key, "found": text})
            value = None if found.report is None else codec.number_out(found.report.value)
            told = {"number": trial, "stage": stage.value, "repeat": repeat, "value": value}
            told["problem"] = found.problem
            add_events(connection, row.pk, now(), [(EventKind.TRIAL_CONFIRMED, told)])
            change_job(connection, row)

    def end(
        self,
        job_id: str,
        state: JobState,
        reason: str,
        seconds: float,
        budget: Budget | None = None,
    ) -> bool:
        """End the job. Trials still running end with it, for the same reason.

        Where `budget` is given and the job has another one by now, nothing happens: False.
        """
        with self._write(durable=True) as connection:
            row = lock_job(connection, job_id)
            if row.job.state.ended:
                return True
            if budget is not None and budget != row.job.spec.budget:
                return False
            with_job = Ending(outcome_of_trials(state), reason)
            endings = dict.fromkeys(running_numbers(connection, row.pk), with_job)
            moment = now()
            record_trials(connection, row, {}, endings, moment)
            change_job(connection, row, seconds=seconds, finished_at=moment, digest=None)
            _set_state(connection, row, state, codec.clean(reason))
            return True

    @contextmanager
    def _write(self, durable: bool) -> Iterator[Connection]:
        """A transaction of the server that runs the jobs, which nobody becomes meanwhile."""
        with self._database.write(durable) as connection:
            if self._lock is not None:
                leader.require(connection, self._lock.epoch)
            yield connection


def _refuse_ended(row: JobRow, verb: str) -> None:
    if row.job.state.ended:
        raise JobStateConflict(row.job.id, row.job.state.value, verb)


def _set_state(
    connection: Connection, row: JobRow, state: JobState, reason: str | None = None
) -> None:
    change_job(connection, row, state=state.value, stop_reason=reason)
    told = {"state": state.value, "stop_reason": reason}
    add_events(connection, row.pk, now(), [(EventKind.STATE_CHANGED, told)])


def read_history(connection: Connection, row: JobRow) -> History:
    """All that happened in the job, with the trials that it starts from."""
    trials = read_trials(connection, row.space, tables.trials.c.job_pk == row.pk)
    return History(
        trials=tuple(trials.values()),
        rounds=tuple(codec.round_in(text) for text in read_rounds(connection, row.pk)),
        prior=tuple(_prior(connection, source) for source in row.warm_start),
        enqueued=_waiting(connection, row.pk),
        seconds=row.job.seconds,
        baseline=row.baseline,
        confirmations=read_confirmations(connection, row.pk),
        data=row.job.data,
    )


def _prior(connection: Connection, source: WarmStart) -> EarlierJob:
    """An earlier job's trials as they were when the later job was created."""
    earlier = read_job(connection, source.job_id)
    which = and_(
        tables.trials.c.job_pk == earlier.pk,
        tables.trials.c.number < source.trials,
        tables.trials.c.number.not_in(source.running),
    )
    spec = earlier.job.stored_spec
    return EarlierJob(
        earlier.job.id,
        None if isinstance(spec, Unreadable) else spec,
        tuple(read_trials(connection, earlier.space, which).values()),
        earlier.job.data,
    )


def _waiting(connection: Connection, pk: int) -> tuple[Mapping[str, Value], ...]:
    table = tables.enqueued
    query = select(table.c.params).where(table.c.job_pk == pk, table.c.cohort.is_(None))
    texts = connection.execute(query.order_by(table.c.pk)).scalars()
    return tuple(json.loads(text) for text in texts)


def _take(connection: Connection, pk: int, cohort: Cohort) -> None:
    """Mark the first of the waiting parameters as taken up by this cohort."""
    if not cohort.taken:
        return
    table = tables.enqueued
    first = (
        select(table.c.pk)
        .where(table.c.job_pk == pk, table.c.cohort.is_(None))
        .order_by(table.c.pk)
        .limit(cohort.taken)
    )
    connection.execute(
        update(table).where(table.c.pk.in_(first.scalar_subquery())).values(cohort=cohort.index)
    )


def _has_cohort(connection: Connection, row: JobRow, cohort: Cohort) -> bool:
    """Whether these very trials are there; raises OtherTrials if others have their numbers."""
    numbers = [trial.number for trial in cohort.trials]
    which = and_(tables.trials.c.job_pk == row.pk, tables.trials.c.number.in_(numbers))
    found = read_trials(connection, row.space, which)
    if not found:
        return False
    if [*map(_plan, found.values())] == [*map(_plan, cohort.trials)]:
        return True
    raise OtherTrials(row.job.id, numbers)


def _plan(trial: Trial) -> tuple[object, ...]:
    """What was decided when the trial began."""
    return trial.number, trial.round, trial.cohort, dict(trial.params)


def _open_round(connection: Connection, row: JobRow, cohort: Cohort) -> None:
    opened = cohort.round
    connection.execute(
        insert(tables.rounds),
        {"job_pk": row.pk, "index": opened.index, "round": codec.round_out(opened)},
    )
    told = {"round": opened.index, "reason": opened.reason, "epochs": opened.epochs}
    add_events(connection, row.pk, now(), [(EventKind.ROUND_OPENED, told)])
