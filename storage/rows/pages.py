"""Trials of a job by page: which come next, and the cursor of those after them."""

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.objective import Objective
from storage.rows.jobs import JobRow
from storage.rows.tables import trials as index

MAX_NUMBER = 2**31 - 1

Page = tuple[list[int], str | None]
"""Numbers of trials, and the cursor of the page after them, None after the last."""


def best_first(objective: Objective) -> ColumnElement[float]:
    """What to order complete trials by."""
    value = index.c.value
    return value.asc() if objective is Objective.LOSS else value.desc()


def by_number(connection: Connection, pk: int, limit: int, after: str | None) -> Page:
    """The next trials by number."""
    query = select(index.c.number).where(index.c.job_pk == pk).order_by(index.c.number)
    if after is not None:
        query = query.where(index.c.number > _number_in(after))
    numbers = list(connection.execute(query.limit(limit + 1)).scalars())
    return numbers[:limit], _text(f"{numbers[limit - 1]}") if len(numbers) > limit else None


def by_value(connection: Connection, row: JobRow, limit: int, after: str | None) -> Page:
    """The next of the trials that were complete at the first page, then of the others."""
    cursor = _Cursor(row.job.version) if after is None else _cursor_in(after)
    found: list[tuple[int, float | None]] = []
    if cursor.value is not None or cursor.number is None:
        found += _complete(connection, row, cursor, limit + 1)
    if len(found) <= limit:
        found += [
            (number, None) for number in _others(connection, row, cursor, limit + 1 - len(found))
        ]
    if len(found) <= limit:
        return [number for number, _ in found], None
    last = _Cursor(cursor.version, *found[limit - 1])
    return [number for number, _ in found[:limit]], last.text


@dataclass(frozen=True)
class _Cursor:
    """The last trial of a page; version: of the job when its first page was read."""

    version: int
    number: int | None = None
    value: float | None = None

    @property
    def text(self) -> str:
        value = "" if self.value is None else f" {self.value!r}"
        return _text(f"{self.version} {self.number}{value}")

    def had_ended(self) -> ColumnElement[bool]:
        """Whether a trial was complete at the first page (rows of 0001 do not say when)."""
        version = func.coalesce(index.c.ended_version, 0)
        return and_(index.c.value.is_not(None), version <= self.version)


def _complete(
    connection: Connection, row: JobRow, cursor: _Cursor, limit: int
) -> Sequence[tuple[int, float | None]]:
    objective, value = row.job.objective, index.c.value
    query: Select[int, float | None] = select(index.c.number, value).where(
        index.c.job_pk == row.pk, cursor.had_ended()
    )
    if cursor.value is not None:
        worse = value > cursor.value if objective is Objective.LOSS else value < cursor.value
        query = query.where(or_(worse, and_(value == cursor.value, index.c.number > cursor.number)))
    query = query.order_by(best_first(objective), index.c.number).limit(limit)
    return [(number, value) for number, value in connection.execute(query)]


def _others(connection: Connection, row: JobRow, cursor: _Cursor, limit: int) -> Sequence[int]:
    query = select(index.c.number).where(index.c.job_pk == row.pk, not_(cursor.had_ended()))
    if cursor.number is not None and cursor.value is None:
        query = query.where(index.c.number > cursor.number)
    return connection.execute(query.order_by(index.c.number).limit(limit)).scalars().all()


def _text(cursor: str) -> str:
    return urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def _number_in(after: str) -> int:
    (number,) = _fields(after, 1, 1)
    return _whole(after, number)


def _cursor_in(after: str) -> _Cursor:
    version, number, *value = _fields(after, 2, 3)
    cursor = _Cursor(_whole(after, version), _whole(after, number))
    if not value:
        return cursor
    try:
        found = float(value[0])
    except ValueError:
        raise _not_a_cursor(after) from None
    if not math.isfinite(found):
        raise _not_a_cursor(after)
    return _Cursor(cursor.version, cursor.number, found)


def _fields(after: str, least: int, most: int) -> list[str]:
    try:
        fields = urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().split(" ")
    except ValueError:
        raise _not_a_cursor(after) from None
    if not least <= len(fields) <= most:
        raise _not_a_cursor(after)
    return fields


def _whole(after: str, field: str) -> int:
    if field.isascii() and field.isdecimal() and len(field) <= 10 and int(field) <= MAX_NUMBER:
        return int(field)
    raise _not_a_cursor(after)


def _not_a_cursor(after: str) -> InvalidSpec:
    problem = FieldProblem("after", "is not a cursor of this list", after, "a value of `next`")
    return InvalidSpec([problem])
