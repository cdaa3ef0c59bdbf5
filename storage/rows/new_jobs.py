"""The rows of a new job, and what must hold before there is one."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from hpsearch.errors import QuotaExceeded
from hpsearch.jobs import JobState, RequestedState
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import TrialState
from storage.events import EventKind, add_events
from storage.rows import optuna_tables, tables
from storage.rows.codec import clean, to_json
from storage.rows.jobs import (
    WarmStart,
    lock_against_deletion,
    now,
    spec_out,
    visible,
    warm_start_out,
)


def insert_job(
    connection: Connection,
    job_id: str,
    spec: SearchSpec,
    warm_start: tuple[WarmStart, ...],
    priority: float,
    owner: str,
    labels: Sequence[str] = (),
    notify: str | None = None,
) -> None:
    """Add the rows of a queued job, and its study. notify: where to tell that it has ended."""
    study = f"{clean(spec.name or 'search')}-{job_id}"
    attributes = {
        "job": job_id,
        "dataset": spec.dataset.name,
        "sampler": spec.sampler.name,
        "pruner": spec.pruner.name,
        "seed": spec.seed,
    }
    texts = {key: to_json(value) for key, value in attributes.items()}
    moment = now()
    pk = connection.execute(
        insert(tables.jobs).returning(tables.jobs.c.pk),
        {
            "id": job_id,
            "study_id": optuna_tables.create_study(connection, study, texts, spec.objective),
            "study": study,
            **spec_out(spec),
            "state": JobState.QUEUED.value,
            "wish": RequestedState.RUN.value,
            "seconds": 0.0,
            "priority": priority,
            "version": 1,
            "owner": owner,
            "labels": to_json(list(labels)),
            "notify_url": notify,
            "warm_start": warm_start_out(warm_start),
            "environment": "{}",
            "created_at": moment,
        },
    ).scalar_one()
    add_events(connection, pk, moment, [(EventKind.JOB_CREATED, {"name": spec.name})])


def check_quota(connection: Connection, owner: str, quota: int) -> None:
    """Raises QuotaExceeded if the owner has that many jobs that have not ended."""
    jobs = tables.jobs.c
    open_ones = [state.value for state in JobState if not state.ended]
    query = visible(select(func.count()).select_from(tables.jobs)).where(
        jobs.owner == owner, jobs.state.in_(open_ones)
    )
    count = connection.execute(query).scalar_one()
    if count >= quota:
        raise QuotaExceeded(
            f"{owner} has {count} jobs that have not ended; an owner may have {quota}: wait for "
            "one, or cancel one"
        )


def warm_start_of(connection: Connection, job_id: str) -> WarmStart:
    """The trials of an earlier job that a new one starts from.

    That job stays until this transaction ends, and afterwards because of the new one. Raises
    JobNotFound.
    """
    table = tables.trials
    pk = lock_against_deletion(connection, job_id)
    of_job = select(table.c.number, table.c.state).where(table.c.job_pk == pk)
    states = dict(connection.execute(of_job).all())
    running = sorted(n for n, state in states.items() if state == TrialState.RUNNING)
    return WarmStart(job_id, len(states), tuple(running))
