"""Trials as users look at them: by page, by number, the best."""

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select

from hpsearch.errors import FieldProblem, InvalidSpec, TrialNotFound
from hpsearch.history import Round, Trial
from hpsearch.jobs import Best
from hpsearch.spec.objective import Objective
from storage.database import Database
from storage.rows import codec
from storage.rows.jobs import JobRow, read_job
from storage.rows.tables import trials as index
from storage.rows.trial_reads import read_params, read_rounds, read_trials

Order = Literal["number", "value"]

MAX_NUMBER = 2**31 - 1


class Trials:
    """Reading the trials of jobs. Every method raises JobNotFound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, job_id: str, order: Order = "number", limit: int = 50, after: str | None = None
    ) -> tuple[list[Trial], str | None]:
        """Trials by number, or the best first, and a cursor for `after` where there are more.

        By value, complete trials come first, the best on top and the lower number where values
        are equal; then the others by number. Raises InvalidSpec for a text that is no cursor.
        """
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            query = select(index.c.number, index.c.value).where(index.c.job_pk == row.pk)
            query = _ordered(query, order, row.job.objective)
            if after is not None:
                query = query.where(_beyond(order, row.job.objective, *_cursor_in(after)))
            found = connection.execute(query.limit(limit + 1)).all()
            numbers = [number for number, _ in found[:limit]]
            trials = read_trials(connection, row.space, _these(row, numbers))
        following = _cursor_out(*found[limit - 1]) if len(found) > limit else None
        return [trials[number] for number in numbers], following

    def get(self, job_id: str, number: int) -> Trial:
        """Raises TrialNotFound."""
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            if not 0 <= number <= MAX_NUMBER:
                raise TrialNotFound(job_id, number)
            trials = read_trials(connection, row.space, _these(row, [number]))
        if number not in trials:
            raise TrialNotFound(job_id, number)
        return trials[number]

    def best(self, job_id: str, limit: int = 1) -> list[Best]:
        """The best complete trials by the objective; of equal ones the lower number first."""
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            query = (
                select(index.c.number, index.c.value)
                .where(index.c.job_pk == row.pk, index.c.value.is_not(None))
                .order_by(_best_first(row.job.objective), index.c.number)
                .limit(limit)
            )
            found = connection.execute(query).all()
            numbers = [number for number, _ in found]
            params = read_params(connection, row.space, _these(row, numbers))
        return [Best(number, value, params[number]) for number, value in found]

    def rounds(self, job_id: str) -> list[Round]:
        """The rounds that have begun, by index."""
        with self._database.read() as connection:
            texts = read_rounds(connection, read_job(connection, job_id).pk)
        return [codec.round_in(text) for text in texts]


def _these(row: JobRow, numbers: list[int]) -> ColumnElement[bool]:
    return and_(index.c.job_pk == row.pk, index.c.number.in_(numbers))


def _best_first(objective: Objective) -> ColumnElement[float]:
    value = index.c.value
    return value.asc() if objective is Objective.LOSS else value.desc()


def _ordered(
    query: Select[int, float | None], order: Order, objective: Objective
) -> Select[int, float | None]:
    if order == "number":
        return query.order_by(index.c.number)
    return query.order_by(index.c.value.is_(None), _best_first(objective), index.c.number)


def _beyond(
    order: Order, objective: Objective, number: int, value: float | None
) -> ColumnElement[bool]:
    """What comes after this trial."""
    later = index.c.number > number
    if order == "number":
        return later
    if value is None:
        return and_(index.c.value.is_(None), later)
    return or_(
        index.c.value.is_(None),
        index.c.value > value if objective is Objective.LOSS else index.c.value < value,
        and_(index.c.value == value, later),
    )


def _cursor_out(number: int, value: float | None) -> str:
    text = f"{number}" if value is None else f"{number} {value!r}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor_in(after: str) -> tuple[int, float | None]:
    try:
        text = urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
        number, _, value = text.partition(" ")
        cursor = int(number), float(value) if value else None
        if 0 <= cursor[0] <= MAX_NUMBER and math.isfinite(cursor[1] or 0.0):
            return cursor
    except ValueError:
        pass
    problem = FieldProblem("after", "is not a cursor of this list", after, "a value of `next`")
    raise InvalidSpec([problem])
