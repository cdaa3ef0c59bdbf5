"""Jobs with how far they are and their best trial: two statements, however many jobs.

A third where any has a control group.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    bindparam,
    case,
    func,
    literal,
    select,
    union_all,
)

from hpsearch.jobs import Best, JobView, Progress, PruningErrors
from hpsearch.search.control import Completed, pruning_errors
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value
from hpsearch.trial import TrialState
from storage.rows import tables
from storage.rows.codec import ending_in
from storage.rows.jobs import JobRow
from storage.rows.optuna_tables import trial_params, trial_user_attributes
from storage.rows.params import decode, decode_by_distribution
from storage.rows.trial_reads import ENDING

_ROUNDS, _WAITING = "rounds", "waiting"  # among the states of trials, in what _COUNTS finds

_index, _rounds, _jobs = tables.trials, tables.rounds, tables.jobs
_enqueued = tables.enqueued
_PKS: BindParameter[int] = bindparam("pks", expanding=True)
_LOSSES: BindParameter[int] = bindparam("losses", expanding=True)

# Statements are built once: building one takes longer than running it.
_COUNTS = union_all(
    select(_index.c.job_pk, _index.c.state, func.count(), func.sum(_index.c.epochs))
    .where(_index.c.job_pk.in_(_PKS))
    .group_by(_index.c.job_pk, _index.c.state),
    select(_rounds.c.job_pk, literal(_ROUNDS), func.count(), literal(0.0))
    .where(_rounds.c.job_pk.in_(_PKS))
    .group_by(_rounds.c.job_pk),
    select(_enqueued.c.job_pk, literal(_WAITING), func.count(), literal(0.0))
    .where(_enqueued.c.job_pk.in_(_PKS), _enqueued.c.cohort.is_(None))
    .group_by(_enqueued.c.job_pk),
)


def _first(order: ColumnElement[float]) -> ScalarSelect[int]:
    """The trial that comes first of a job's complete ones."""
    return (
        select(_index.c.trial_id)
        .where(_index.c.job_pk == _jobs.c.pk, _index.c.value.is_not(None))
        .order_by(order, _index.c.number)
        .limit(1)
        .correlate(_jobs)
        .scalar_subquery()
    )


_LOWEST, _HIGHEST = _first(_index.c.value.asc()), _first(_index.c.value.desc())
_best = _index.alias("best")
_BEST = (
    select(
        _best.c.job_pk,
        _best.c.number,
        _best.c.value,
        trial_params.c.param_name,
        trial_params.c.param_value,
        case(
            (_jobs.c.pk.in_(bindparam("unread", expanding=True)), trial_params.c.distribution_json)
        ),
    )
    .select_from(_jobs)
    .join(_best, _best.c.trial_id == case((_jobs.c.pk.in_(_LOSSES), _LOWEST), else_=_HIGHEST))
    .outerjoin(trial_params, trial_params.c.trial_id == _best.c.trial_id)
    .where(_jobs.c.pk.in_(_PKS))
    .order_by(trial_params.c.param_id)
)


_endings = trial_user_attributes
_COMPLETED = (
    select(_index.c.job_pk, _index.c.round, _index.c.value, _endings.c.value_json)
    .join(_endings, _endings.c.trial_id == _index.c.trial_id)
    .where(_index.c.job_pk.in_(_PKS), _index.c.value.is_not(None), _endings.c.key == ENDING)
)


def read_views(connection: Connection, rows: Sequence[JobRow]) -> list[JobView]:
    """The jobs' views, in their order."""
    counts = _counts(connection, rows)
    best = _bests(connection, rows)
    errors = _pruning_errors(connection, rows)
    return [
        JobView(
            row.job,
            _progress(row, counts[row.pk]),
            best.get(row.pk),
            row.study_id,
            errors.get(row.pk),
        )
        for row in rows
    ]


def _counts(
    connection: Connection, rows: Sequence[JobRow]
) -> Mapping[int, dict[str, tuple[int, float]]]:
    """Trials and their epochs by state, and rounds, by job."""
    counts: dict[int, dict[str, tuple[int, float]]] = defaultdict(dict)
    found = connection.execute(_COUNTS, {"pks": [row.pk for row in rows]})
    for pk, state, count, epochs in found:
        counts[pk][state] = count, epochs
    return counts


def _progress(row: JobRow, counts: Mapping[str, tuple[int, float]]) -> Progress:
    def count(state: str) -> int:
        return counts.get(state, (0, 0.0))[0]

    spec = None if row.job.problem else row.job.spec
    rounds = count(_ROUNDS)
    return Progress(
        planned=None if spec is None else spec.budget.trials,
        running=count(TrialState.RUNNING),
        complete=count(TrialState.COMPLETE),
        pruned=count(TrialState.PRUNED),
        failed=count(TrialState.FAIL),
        stopped=count(TrialState.STOPPED),
        round=rounds,
        rounds=rounds if spec is None else spec.rounds.count,
        epochs=math.fsum(epochs for _, epochs in counts.values()),
        waiting=count(_WAITING),
    )


def _bests(connection: Connection, rows: Sequence[JobRow]) -> dict[int, Best]:
    """The best trial of each job that has a complete one."""
    by_pk = {row.pk: row for row in rows}
    which = {
        "pks": [*by_pk],
        "losses": [row.pk for row in rows if row.job.objective is Objective.LOSS],
        "unread": [row.pk for row in rows if row.space is None],
    }
    best: dict[int, tuple[int, float]] = {}
    stored: dict[int, dict[str, tuple[float, str | None]]] = defaultdict(dict)
    for pk, number, value, name, param, distribution in connection.execute(_BEST, which):
        best[pk] = number, value
        if name is not None:
            stored[pk][name] = param, distribution
    return {
        pk: Best(number, value, _params(by_pk[pk], stored[pk]))
        for pk, (number, value) in best.items()
    }


def _pruning_errors(connection: Connection, rows: Sequence[JobRow]) -> dict[int, PruningErrors]:
    """What the control group says, of each job that has one."""
    jobs = {
        row.pk: row.job
        for row in rows
        if row.job.problem is None and row.job.spec.pruner.control > 0
    }
    if not jobs:
        return {}
    completed: dict[int, list[Completed]] = {pk: [] for pk in jobs}
    for pk, round_, value, text in connection.execute(_COMPLETED, {"pks": [*jobs]}):
        spared = ending_in(text).bar is not None
        completed[pk].append(Completed(round_, jobs[pk].objective.upward(value), spared))
    return {pk: pruning_errors(members) for pk, members in completed.items()}


def _params(row: JobRow, stored: Mapping[str, tuple[float, str | None]]) -> dict[str, Value]:
    if row.space is None:
        return {
            name: decode_by_distribution(text, value)
            for name, (value, text) in stored.items()
            if text is not None
        }
    return {
        name: decode(parameter, stored[name][0])
        for name, parameter in row.space.items()
        if name in stored
    }
