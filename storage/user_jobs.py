"""The jobs: created, listed and wished for by users. Every call is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from hpsearch.access import LOCAL, Identity
from hpsearch.errors import (
    EnqueuedTrialsLimit,
    JobNotFound,
    JobStateConflict,
    VersionConflict,
)
from hpsearch.jobs import Job, JobState, JobView, RequestedState, new_id
from hpsearch.search.enqueued import point_to_try
from hpsearch.spec.budget_change import EarlierBudget, with_budget
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from storage import job_lists
from storage.database import Database
from storage.events import EventKind, add_events
from storage.job_lists import ALL, JobFilter
from storage.latest import Latest
from storage.rows import keys, tables
from storage.rows.codec import budgets_out, to_json
from storage.rows.jobs import (
    JobRow,
    change_job,
    check_id,
    job_version,
    lock_job,
    now,
    read_job,
    spec_out,
    visible,
)
from storage.rows.new_jobs import check_quota, insert_job, warm_start_of
from storage.rows.views import read_views

MAX_ENQUEUED = 1000  # trials of one job that wait to be tried
KEPT_VIEWS = 256  # of the jobs that were looked at last


class Jobs:
    """What users do with jobs. What returns has been committed, and survives a power cut."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._views = Latest[JobView](KEPT_VIEWS)

    def create(
        self,
        spec: SearchSpec,
        idempotency_key: str | None = None,
        warm_start: Sequence[str] = (),
        priority: float = 1.0,
        owner: Identity = LOCAL,
        quota: int | None = None,
        labels: Sequence[str] = (),
        notify: str | None = None,
    ) -> tuple[Job, bool]:
        """Add a queued job; says whether it is new.

        The same key with the same spec, warm start, priority and labels gives the job that it
        gave the first time; with others it raises IdempotencyConflict. `warm_start` are ids of
        earlier jobs: their trials that have ended by now are known to this job, and raise
        JobNotFound where there is no such job. Each owner has keys of their own. quota: jobs that
        the owner may have that have not ended; QuotaExceeded is raised where they have as many.
        """
        job_id = new_id()
        with self._database.write(durable=True) as connection:
            if idempotency_key is not None:
                body = keys.fingerprint(spec, warm_start, priority, labels, notify)
                own_key = owner.key_space + idempotency_key
                known = keys.claim(connection, own_key, body, job_id)
                if known is not None:
                    return read_job(connection, known).job, False
            if quota is not None:
                check_quota(connection, owner.name, quota)
            sources = tuple(warm_start_of(connection, source) for source in warm_start)
            insert_job(connection, job_id, spec, sources, priority, owner.name, labels, notify)
            return read_job(connection, job_id).job, True

    def known(
        self,
        key: str,
        spec: SearchSpec,
        warm_start: Sequence[str],
        priority: float,
        owner: Identity = LOCAL,
        labels: Sequence[str] = (),
        notify: str | None = None,
    ) -> Job | None:
        """The job that `create` made of the same request; raises IdempotencyConflict."""
        body = keys.fingerprint(spec, warm_start, priority, labels, notify)
        with self._database.read() as connection:
            known = keys.owner(connection, owner.key_space + key, body)
            return None if known is None else read_job(connection, known).job

    def digest(self, job_id: str) -> str | None:
        """The digest that was kept of an ended job. Raises JobNotFound."""
        query = visible(select(tables.jobs.c.digest)).where(tables.jobs.c.id == job_id)
        check_id(job_id)
        with self._database.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise JobNotFound(job_id)
        kept: str | None = found.digest
        return kept

    def keep_digest(self, job: Job, digest: str) -> None:
        """Keep the digest of a job that has ended, unless it has changed since."""
        same = (tables.jobs.c.id == job.id, tables.jobs.c.version == job.version)
        with self._database.write(durable=False) as connection:
            connection.execute(update(tables.jobs).where(*same).values(digest=digest))

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        with self._database.read() as connection:
            return read_job(connection, job_id).job

    def owner(self, job_id: str) -> str | None:
        """Whose the job is, also while it is being deleted. Raises JobNotFound."""
        check_id(job_id)
        query = select(tables.jobs.c.owner).where(tables.jobs.c.id == job_id)
        with self._database.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise JobNotFound(job_id)
        owner: str | None = found.owner
        return owner

    def look(self, job_id: str) -> JobView:
        """The job, how far it is and its best trial. Raises JobNotFound."""
        with self._database.read() as connection:
            version = job_version(connection, job_id)
            known = self._views.get(job_id)
            if known is None or known.job.version != version:
                known = read_views(connection, [read_job(connection, job_id)])[0]
                self._views.put(job_id, known)
            return known

    def version(self, job_id: str) -> int:
        """How often the job has changed: the same number, the same look. Raises JobNotFound."""
        with self._database.read() as connection:
            return job_version(connection, job_id)

    def page(
        self, wanted: JobFilter = ALL, limit: int = 50, after: str | None = None
    ) -> tuple[list[JobView], str | None]:
        """Jobs, and a cursor for `after` where there are more.

        Raises InvalidSpec that names `after` for a text that is not a cursor of this list.
        """
        with self._database.read() as connection:
            rows, following = job_lists.page(connection, wanted, limit, after)
            return read_views(connection, rows), following

    def labels(self) -> list[str]:
        """The labels that jobs have, in order; the first few hundred."""
        with self._database.read() as connection:
            return job_lists.labels(connection)

    def wish(self, job_id: str, wish: RequestedState) -> Job:
        """Say what the job shall do; the dispatcher makes it so. A wish that holds is no change.

        Raises JobNotFound, and JobStateConflict where the job's state does not allow it.
        """
        with self._database.write(durable=True) as connection:
            row = lock_job(connection, job_id)
            if not row.job.changes_with(wish):
                return row.job
            change_job(connection, row, wish=wish.value)
            self._tell(connection, row, EventKind.WISH_CHANGED, {"wish": wish.value})
            if row.job.state.ended:
                self._reopen(connection, row)
            return read_job(connection, job_id).job

    def change(
        self,
        job_id: str,
        budget: Mapping[str, Any] | None = None,
        priority: float | None = None,
        versions: Collection[int] | None = None,
        labels: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> Job:
        """Change fields of the budget, the share of the workers, the labels, whether it is listed.

        budget: a merge patch (RFC 7396), laid over the budget as it is in the same transaction. A
        job that has completed or was cancelled then goes on. versions: those of the job that the
        change was meant for; None for any. archived: only a job that has ended can be.

        Raises JobNotFound, VersionConflict, InvalidSpec that names a field of the budget, for a
        budget JobStateConflict if the job failed, JobNotRunnable if this version cannot read it,
        and for `archived` JobStateConflict if the job has not ended.
        """
        with self._database.write(durable=True) as connection:
            row = lock_job(connection, job_id)
            if versions is not None and row.job.version not in versions:
                raise VersionConflict(job_id)
            if archived is not None:
                self._archive(connection, row, archived)
            if budget is not None:
                self._change_budget(connection, row, budget)
            if priority is not None:
                change_job(connection, row, priority=priority)
                self._tell(connection, row, EventKind.PRIORITY_CHANGED, {"priority": priority})
            if labels is not None:
                change_job(connection, row, labels=to_json(list(labels)))
                self._tell(connection, row, EventKind.LABELS_CHANGED, {"labels": list(labels)})
            return read_job(connection, job_id).job

    def _archive(self, connection: Connection, row: JobRow, archived: bool) -> None:
        if not row.job.state.ended:
            raise JobStateConflict(row.job.id, row.job.state.value, "be archived")
        if archived is not row.job.archived:
            change_job(connection, row, archived_at=now() if archived else None)
            self._tell(connection, row, EventKind.ARCHIVED_CHANGED, {"archived": archived})

    def _change_budget(self, connection: Connection, row: JobRow, patch: Mapping[str, Any]) -> None:
        row.job.refuse_failed("take another budget")
        spec = with_budget(row.job.spec, patch)
        budgets = _earlier_budgets(connection, row, spec)
        change_job(connection, row, **spec_out(spec), earlier_budgets=budgets)
        told = {"budget": spec.budget.model_dump(mode="json")}
        self._tell(connection, row, EventKind.BUDGET_CHANGED, told)
        if row.job.state.ended:
            self._reopen(connection, row)

    def enqueue(self, job_id: str, params: Mapping[str, Value]) -> Job:
        """Have the job try these parameters; what is left out is sampled.

        Raises JobNotFound, InvalidSpec that names each parameter at fault, JobStateConflict if the
        job has ended, and EnqueuedTrialsLimit if as many wait already as may.
        """
        with self._database.write(durable=True) as connection:
            row = lock_job(connection, job_id)
            row.job.refuse_ended("take a trial")
            _refuse_more_enqueued(connection, row)
            point = point_to_try(row.job.spec.space, params)
            connection.execute(
                insert(tables.enqueued), {"job_pk": row.pk, "params": to_json(point)}
            )
            change_job(connection, row)
            self._tell(connection, row, EventKind.TRIAL_ENQUEUED, {"params": point})
            return read_job(connection, job_id).job

    def _reopen(self, connection: Connection, row: JobRow) -> None:
        change_job(
            connection,
            row,
            state=JobState.QUEUED.value,
            wish=RequestedState.RUN.value,
            stop_reason=None,
            finished_at=None,
            archived_at=None,
        )
        told = {"state": JobState.QUEUED.value, "stop_reason": None}
        self._tell(connection, row, EventKind.STATE_CHANGED, told)

    @staticmethod
    def _tell(
        connection: Connection, row: JobRow, kind: EventKind, payload: Mapping[str, Any]
    ) -> None:
        add_events(connection, row.pk, now(), [(kind, payload)])


def _refuse_more_enqueued(connection: Connection, row: JobRow) -> None:
    table = tables.enqueued
    waiting = select(func.count()).where(table.c.job_pk == row.pk, table.c.cohort.is_(None))
    if connection.execute(waiting).scalar_one() >= MAX_ENQUEUED:
        raise EnqueuedTrialsLimit(row.job.id, MAX_ENQUEUED)


def _earlier_budgets(connection: Connection, row: JobRow, spec: SearchSpec) -> str | None:
    """With the one that `spec` takes the place of, unless no trial began under it."""
    known, before = row.job.earlier_budgets, row.job.spec.budget
    count = select(func.count()).where(tables.trials.c.job_pk == row.pk)
    trials = connection.execute(count).scalar_one()
    if before != spec.budget and trials > (known[-1].until if known else 0):
        known = (*known, EarlierBudget(before, trials))
    return budgets_out(known) if known else None
