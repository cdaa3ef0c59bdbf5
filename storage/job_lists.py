"""Lists of jobs: which are wanted, in what order, and where the next page begins."""

import json
from dataclasses import dataclass
from typing import Any

from optuna.study import StudyDirection
from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from hpsearch.errors import FieldProblem, InvalidSpec, JobNotFound
from hpsearch.jobs import JobOrder, JobState
from storage.rows.codec import to_json
from storage.rows.jobs import HAS_STUDY, JobRow, from_row, job_pk, visible
from storage.rows.optuna_tables import study_directions
from storage.rows.tables import jobs, trials

MOST_LABELS = 200
"""Labels that are offered to choose from."""

NO_VALUE = -1e300  # sorts below every value of a trial


@dataclass(frozen=True)
class JobFilter:
    """Which jobs, and in what order.

    text: occurs in the spec, the name, the id or a label, in upper or lower case.
    archived: those that are archived, or those that are not.
    """

    state: JobState | None = None
    text: str | None = None
    label: str | None = None
    archived: bool = False
    order: JobOrder = JobOrder.NEWEST


ALL = JobFilter()


def page(
    connection: Connection, wanted: JobFilter, limit: int, after: str | None
) -> tuple[list[JobRow], str | None]:
    """The jobs, and the cursor of the page after them, None after the last.

    The cursor is the id of the last job: pages go on from where that job stands. Raises InvalidSpec
    that names `after` for what is not one.
    """
    query = visible(select(jobs, HAS_STUDY)).where(*_conditions(wanted))
    if after is not None:
        query = query.where(_behind(connection, wanted.order, after))
    query = query.order_by(*_ordered(wanted.order)).limit(limit + 1)
    rows = [from_row(row) for row in connection.execute(query)]
    return rows[:limit], rows[limit - 1].job.id if len(rows) > limit else None


def labels(connection: Connection) -> list[str]:
    """The labels that jobs have, in order; at most MOST_LABELS."""
    query = visible(select(jobs.c.labels).distinct()).where(jobs.c.labels != "[]")
    texts = connection.execute(query.limit(10 * MOST_LABELS)).scalars()
    return sorted({label for text in texts for label in json.loads(text)})[:MOST_LABELS]


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    archived = jobs.c.archived_at
    found: list[ColumnElement[bool]] = [
        archived.is_not(None) if wanted.archived else archived.is_(None)
    ]
    if wanted.state is not None:
        found.append(jobs.c.state == wanted.state.value)
    if wanted.text:
        # What is stored as JSON is stored in ASCII.
        text, written = wanted.text, to_json(wanted.text)[1:-1]
        # PostgreSQL takes no text with a NUL, and none is stored.
        plain = () if "\0" in text else (jobs.c.study, jobs.c.id)
        found.append(
            or_(
                *(column.icontains(text, autoescape=True) for column in plain),
                *(
                    column.icontains(written, autoescape=True)
                    for column in (jobs.c.spec, jobs.c.labels)
                ),
            )
        )
    if wanted.label is not None:
        # Unlike LIKE, `replace` tells upper from lower case on both databases.
        found.append(func.replace(jobs.c.labels, to_json(wanted.label), "") != jobs.c.labels)
    return found


def _best() -> ColumnElement[float]:
    """The best value so far, losses negative: what is better is larger."""
    of_job = trials.c.job_pk == jobs.c.pk
    lowest = select(func.min(trials.c.value)).where(of_job).correlate(jobs).scalar_subquery()
    highest = select(func.max(trials.c.value)).where(of_job).correlate(jobs).scalar_subquery()
    minimised = exists().where(
        study_directions.c.study_id == jobs.c.study_id,
        study_directions.c.direction == StudyDirection.MINIMIZE,
    )
    return func.coalesce(case((minimised, -lowest), else_=highest), NO_VALUE)


def _key(order: JobOrder) -> ColumnElement[Any] | None:
    """What is sorted by before the time of creation; None for that alone."""
    if order is JobOrder.NAME:
        return jobs.c.study  # its name begins with the job's
    if order is JobOrder.BEST:
        return _best()
    return jobs.c.seconds if order is JobOrder.TIME else None


def _ordered(order: JobOrder) -> list[ColumnElement[Any]]:
    key = _key(order)
    if key is None:
        return [jobs.c.pk.asc() if order is JobOrder.OLDEST else jobs.c.pk.desc()]
    return [key.asc() if order is JobOrder.NAME else key.desc(), jobs.c.pk.desc()]


def _behind(connection: Connection, order: JobOrder, after: str) -> ColumnElement[bool]:
    """Whether a job comes after this one."""
    pk = _cursor(connection, after)
    key = _key(order)
    if key is None:
        return jobs.c.pk > pk if order is JobOrder.OLDEST else jobs.c.pk < pk
    at = connection.execute(select(key).where(jobs.c.pk == pk)).scalar_one()
    beyond = key > at if order is JobOrder.NAME else key < at
    return or_(beyond, and_(key == at, jobs.c.pk < pk))


def _cursor(connection: Connection, after: str) -> int:
    try:
        return job_pk(connection, after)
    except JobNotFound:
        problem = FieldProblem("after", "is not a cursor of this list", after, "a value of `next`")
        raise InvalidSpec([problem]) from None
