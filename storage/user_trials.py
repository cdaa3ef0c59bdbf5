"""Trials as users look at them: by page, by number, the best."""

from typing import Literal

from sqlalchemy import ColumnElement, and_, select

from hpsearch.errors import TrialNotFound
from hpsearch.history import Round
from hpsearch.jobs import Best
from hpsearch.trial import Trial
from storage.database import Database
from storage.rows import codec, pages
from storage.rows.jobs import JobRow, read_job
from storage.rows.tables import trials as index
from storage.rows.trial_reads import read_params, read_rounds, read_seals, read_trials

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
        are equal; then the others by number. The pages after the first are of the same moment: a
        trial that is completed meanwhile is still one of the others, so none is left out and none
        comes twice. Raises InvalidSpec for a text that is not a cursor.
        """
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            if order == "number":
                numbers, following = pages.by_number(connection, row.pk, limit, after)
            else:
                numbers, following = pages.by_value(connection, row, limit, after)
            trials = read_trials(connection, row.space, _these(row, numbers))
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
                .order_by(pages.best_first(row.job.objective), index.c.number)
                .limit(limit)
            )
            found = connection.execute(query).all()
            numbers = [number for number, _ in found]
            params = read_params(connection, row.space, _these(row, numbers))
        return [Best(number, value, params[number]) for number, value in found]

    def seals(self, job_id: str) -> dict[int, str]:
        """Of the trials that ended since seals are written, by number. Raises JobNotFound."""
        with self._database.read() as connection:
            return read_seals(connection, read_job(connection, job_id).pk)

    def rounds(self, job_id: str) -> list[Round]:
        """The rounds that have begun, by index."""
        with self._database.read() as connection:
            texts = read_rounds(connection, read_job(connection, job_id).pk)
        return [codec.round_in(text) for text in texts]


def _these(row: JobRow, numbers: list[int]) -> ColumnElement[bool]:
    return and_(index.c.job_pk == row.pk, index.c.number.in_(numbers))
