"""What the page of a job is drawn from, read at one moment and bounded in size."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, func, select

from hpsearch.history import Confirmation, Round
from hpsearch.jobs import JobView
from hpsearch.spec.stored import Unreadable
from hpsearch.trial import Trial, TrialCost
from storage.database import Database
from storage.rows import codec, pages
from storage.rows.jobs import JobRow, read_job
from storage.rows.tables import trials as index
from storage.rows.trial_reads import read_confirmations, read_rounds, read_trials
from storage.rows.views import read_views


@dataclass(frozen=True)
class Course:
    """What a search spent and found. steps: of all trials, by number, however many.

    confirmed: the trials that were trained again for the certificate, by number; all trials, where
    those are not as many as a certificate takes: it may want others, too.
    """

    view: JobView
    steps: tuple[TrialCost, ...]
    confirmations: tuple[Confirmation, ...]
    confirmed: tuple[Trial, ...]


@dataclass(frozen=True)
class JobSheet:
    """trials: by number; all of them, or a sample by rank of `total`. steps: of all of them.

    confirmed: all trials, or of a sample as `Course` has them.
    """

    view: JobView
    steps: tuple[TrialCost, ...]
    trials: tuple[Trial, ...]
    total: int
    rounds: tuple[Round, ...]
    confirmations: tuple[Confirmation, ...]
    confirmed: tuple[Trial, ...]


class JobPages:
    """Reading for the pages. Every method raises JobNotFound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, job_id: str, limit: int) -> JobSheet:
        """A job with at most this many of its trials: the best half, and of the rest every nth."""
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            total = connection.execute(
                select(func.count()).select_from(index).where(index.c.job_pk == row.pk)
            ).scalar_one()
            which = index.c.job_pk == row.pk
            if total > limit:
                ranked = connection.execute(_ranked(row)).scalars().all()
                which = and_(which, index.c.number.in_(sample(ranked, limit)))
            trials = read_trials(connection, row.space, which)
            confirmations = read_confirmations(connection, row.pk)
            return JobSheet(
                view=read_views(connection, [row])[0],
                steps=_steps(connection, row),
                trials=tuple(trials.values()),
                total=total,
                rounds=tuple(codec.round_in(text) for text in read_rounds(connection, row.pk)),
                confirmations=confirmations,
                confirmed=tuple(trials.values())
                if total <= limit
                else _confirmed(connection, row, confirmations),
            )

    def course(self, job_id: str) -> Course:
        """What is compared of a job."""
        with self._database.read() as connection:
            row = read_job(connection, job_id)
            confirmations = read_confirmations(connection, row.pk)
            return Course(
                view=read_views(connection, [row])[0],
                steps=_steps(connection, row),
                confirmations=confirmations,
                confirmed=_confirmed(connection, row, confirmations),
            )


def _confirmed(
    connection: Connection, row: JobRow, confirmations: Sequence[Confirmation]
) -> tuple[Trial, ...]:
    numbers = sorted({each.trial for each in confirmations})
    spec = row.job.stored_spec
    which = index.c.job_pk == row.pk
    told = None if isinstance(spec, Unreadable) or spec.confirm is None else spec.confirm.top
    if told in (None, len(numbers)) or not numbers:
        which = and_(which, index.c.number.in_(numbers))
    return tuple(read_trials(connection, row.space, which).values())


def _steps(connection: Connection, row: JobRow) -> tuple[TrialCost, ...]:
    query = select(index.c.number, index.c.epochs, index.c.value).where(index.c.job_pk == row.pk)
    return tuple(TrialCost(*found) for found in connection.execute(query.order_by(index.c.number)))


def _ranked(row: JobRow) -> Select[int]:
    """Numbers of all trials: complete ones, the best first, then the others."""
    order = (index.c.value.is_(None), pages.best_first(row.job.objective), index.c.number)
    return select(index.c.number).where(index.c.job_pk == row.pk).order_by(*order)


def sample(ranked: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of these: the first half of them as they come, then evenly from the rest."""
    if len(ranked) <= limit:
        return list(ranked)
    first = ranked[: limit // 2]
    rest = ranked[limit // 2 :]
    wanted = limit - len(first)
    return [*first, *(rest[place * len(rest) // wanted] for place in range(wanted))]
