"""Optuna's studies, as far as somebody who only looks at them needs to know."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storage.database import Database
from storage.rows import optuna_tables


@dataclass(frozen=True)
class StudySize:
    """A study's name, and how many trials it has."""

    name: str
    trials: int


class Studies:
    """Reading studies by the ids that Optuna gave them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, study_id: int) -> StudySize | None:
        """The study of this id (1 to 2^31 - 1), or None."""
        studies, trials = optuna_tables.studies.c, optuna_tables.trials.c
        size = select(func.count()).where(trials.study_id == studies.study_id).scalar_subquery()
        query = select(studies.study_name, size).where(studies.study_id == study_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else StudySize(*row)
