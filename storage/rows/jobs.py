"""Rows of `hps_jobs`, and the jobs that they stand for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVarTuple

from sqlalchemy import Connection, Row, Select, bindparam, exists, select, update

from hpsearch.baseline import Baseline
from hpsearch.errors import JobNotFound
from hpsearch.history import DataHashes
from hpsearch.jobs import JOB_ID, Job, JobState, RequestedState
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Parameter
from hpsearch.spec.stored import SPEC_VERSION, Unreadable, read_stored
from storage.rows.codec import budgets_in, to_json
from storage.rows.optuna_tables import studies
from storage.rows.tables import jobs

Columns = TypeVarTuple("Columns")

ENDED = tuple(state for state in JobState if state.ended)


@dataclass(frozen=True)
class WarmStart:
    """The trials of an earlier job that a job starts from, as they were when it was created.

    trials: how many that job had. running: the numbers of those that had not ended.
    """

    job_id: str
    trials: int
    running: tuple[int, ...]


@dataclass(frozen=True)
class JobRow:
    """A job, and what only storage knows of it. baseline: None in jobs of earlier versions."""

    pk: int
    study_id: int
    job: Job
    warm_start: tuple[WarmStart, ...]
    baseline: Baseline | None

    @property
    def space(self) -> Mapping[str, Parameter] | None:
        """What its trials' parameters are; None if this version cannot read its spec."""
        spec = self.job.stored_spec
        return None if isinstance(spec, Unreadable) else spec.space


def now() -> datetime:
    return datetime.now(UTC)


def check_id(job_id: str) -> None:
    """Raises JobNotFound for a text that is not a job id, before it reaches the database."""
    if not JOB_ID.fullmatch(job_id):
        raise JobNotFound(job_id)


def visible(query: Select[*Columns]) -> Select[*Columns]:
    """Without the jobs that are being deleted."""
    return query.where(jobs.c.deleted_at.is_(None))


def job_pk(connection: Connection, job_id: str) -> int:
    """The key of a job's row; raises JobNotFound."""
    check_id(job_id)
    pk = connection.execute(_PK, {"id": job_id}).scalar()
    if pk is None:
        raise JobNotFound(job_id)
    return int(pk)


_ONE = jobs.c.id == bindparam("id")
_PK, _VERSION = (visible(select(column).where(_ONE)) for column in (jobs.c.pk, jobs.c.version))
HAS_STUDY = exists().where(studies.c.study_id == jobs.c.study_id).label("has_study")
"""Whether the job's study is there; Optuna's own tool can delete it."""
_READ = visible(select(jobs, HAS_STUDY).where(_ONE))
_LOCK = _READ.with_for_update()
_PK_KEPT = _PK.with_for_update(read=True)


def job_version(connection: Connection, job_id: str) -> int:
    """How often the job has changed, from one indexed row; raises JobNotFound."""
    check_id(job_id)
    version = connection.execute(_VERSION, {"id": job_id}).scalar()
    if version is None:
        raise JobNotFound(job_id)
    return int(version)


def lock_against_deletion(connection: Connection, job_id: str) -> int:
    """The key of a job's row, which is not deleted until this transaction ends."""
    check_id(job_id)
    pk = connection.execute(_PK_KEPT, {"id": job_id}).scalar()
    if pk is None:
        raise JobNotFound(job_id)
    return int(pk)


def read_job(connection: Connection, job_id: str) -> JobRow:
    """The job as it is; raises JobNotFound."""
    return _one(connection, job_id, lock=False)


def lock_job(connection: Connection, job_id: str) -> JobRow:
    """The job as it is, and nobody else changes it until this transaction ends."""
    return _one(connection, job_id, lock=True)


def _one(connection: Connection, job_id: str, lock: bool) -> JobRow:
    check_id(job_id)
    row = connection.execute(_LOCK if lock else _READ, {"id": job_id}).one_or_none()
    if row is None:
        raise JobNotFound(job_id)
    return from_row(row)


def change_job(connection: Connection, row: JobRow, **values: object) -> None:
    """Change columns of a job that is locked; every change counts its version up."""
    connection.execute(
        update(jobs).where(jobs.c.pk == row.pk).values(version=jobs.c.version + 1, **values)
    )


def from_row(row: Row[Any]) -> JobRow:
    warm_start = warm_start_in(row.warm_start)
    job = Job(
        id=row.id,
        stored_spec=read_stored(row.spec, row.spec_version),
        state=JobState(row.state),
        wish=RequestedState(row.wish),
        study=row.study,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        stop_reason=row.stop_reason,
        waits_for=row.waits_for,
        seconds=row.seconds,
        priority=row.priority,
        version=row.version,
        owner=row.owner,
        labels=tuple(json.loads(row.labels)),
        archived=row.archived_at is not None,
        warm_start=tuple(source.job_id for source in warm_start),
        environment=json.loads(row.environment),
        trials_gone=not row.has_study,
        data=_data_in(row),
        earlier_budgets=budgets_in(row.earlier_budgets),
    )
    counts = row.validation_counts
    baseline = None if counts is None else Baseline(tuple(json.loads(counts)))
    return JobRow(row.pk, row.study_id, job, warm_start, baseline)


def _data_in(row: Row[Any]) -> DataHashes | None:
    if not row.data_sha256:
        return None
    return DataHashes(row.data_sha256, row.split_sha256, row.counts_sha256)


def data_out(data: DataHashes | None, baseline: Baseline | None) -> dict[str, Any]:
    """The columns of the data; nothing of what is not known."""
    columns: dict[str, Any] = {}
    if data is not None:
        columns |= {"data_sha256": data.dataset, "split_sha256": data.split}
    if baseline is not None:
        counts = to_json(baseline.counts)
        columns |= {"validation_counts": counts, "counts_sha256": baseline.sha256()}
    return columns


def spec_out(spec: SearchSpec) -> dict[str, Any]:
    """The columns of a spec."""
    return {"spec": to_json(spec.canonical()), "spec_version": SPEC_VERSION}


def warm_start_out(sources: tuple[WarmStart, ...]) -> str:
    return to_json(
        [{"job": s.job_id, "trials": s.trials, "running": list(s.running)} for s in sources]
    )


def warm_start_in(text: str) -> tuple[WarmStart, ...]:
    facts: list[Mapping[str, Any]] = json.loads(text)
    return tuple(WarmStart(fact["job"], fact["trials"], tuple(fact["running"])) for fact in facts)
