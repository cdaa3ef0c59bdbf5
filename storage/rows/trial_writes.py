"""Trials written to Optuna's tables, a cohort at a time."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert, Update, and_, bindparam, insert, select, update

from hpsearch.digest import seal_of
from hpsearch.trial import Ending, Report, Trial, TrialState
from storage.events import EventKind, add_events
from storage.rows import codec, optuna_tables, tables
from storage.rows.codec import to_json
from storage.rows.jobs import JobRow
from storage.rows.kept_ids import next_id
from storage.rows.optuna_tables import STATES, intermediate_row, naive, value_row
from storage.rows.params import distribution_json, encode
from storage.rows.trial_reads import ENDING, ORIGIN, REPORTS, SEAL, read_trials

Rows = list[dict[str, Any]]

EPOCHS, OUTCOME, STOP_REASON = "epochs", "outcome", "stop_reason"  # names of user attributes

# Statements are built once: building one takes longer than running it.
_index, _attributes = tables.trials, optuna_tables.trial_user_attributes
_ADD_TRIALS = insert(optuna_tables.trials).returning(
    optuna_tables.trials.c.trial_id, sort_by_parameter_order=True
)
_ADD_TO_INDEX = insert(_index)
_ADD_PARAMS = insert(optuna_tables.trial_params)
_ADD_ATTRIBUTES = insert(_attributes)
_ADD_INTERMEDIATE_VALUES = insert(optuna_tables.trial_intermediate_values)
_ADD_VALUES = insert(optuna_tables.trial_values)
_SELECT_RUNNING = (
    select(_index.c.number, _index.c.trial_id, _attributes.c.value_json)
    .join(_attributes, _attributes.c.trial_id == _index.c.trial_id)
    .where(_index.c.job_pk == bindparam("pk"))
    .where(_index.c.number.in_(bindparam("numbers", expanding=True)))
    .where(_index.c.state == TrialState.RUNNING.value, _attributes.c.key == REPORTS)
    .order_by(_index.c.number)
)
_SET_REPORTS = (
    update(_attributes)
    .where(_attributes.c.trial_id == bindparam("its_id"), _attributes.c.key == REPORTS)
    .values(value_json=bindparam("text"))
)
_SET_EPOCHS = (
    update(_index).where(_index.c.trial_id == bindparam("its_id")).values(epochs=bindparam("now"))
)
_END_IN_INDEX = (
    update(_index)
    .where(_index.c.trial_id == bindparam("its_id"))
    .values(
        state=bindparam("its_state"),
        value=bindparam("its_value"),
        ended_version=bindparam("its_version"),
    )
)
_END_TRIALS = (
    update(optuna_tables.trials)
    .where(optuna_tables.trials.c.trial_id == bindparam("its_id"))
    .values(state=bindparam("its_state"), datetime_complete=bindparam("moment"))
)


@dataclass(frozen=True)
class _Running:
    """A trial that has not ended. reports: with the one that is being recorded, if any."""

    trial_id: int
    reports: tuple[Report, ...]
    fresh: Report | None

    @property
    def last_value(self) -> float | None:
        """The last report's value, unless it is NaN."""
        value = self.reports[-1].value if self.reports else math.nan
        return value if math.isfinite(value) else None

    @property
    def epochs(self) -> float:
        return self.reports[-1].epoch if self.reports else 0.0


def add_trials(
    connection: Connection, row: JobRow, trials: Sequence[Trial], moment: datetime
) -> None:
    """Add trials that run from now on, of a job that is locked."""
    unused = next_id(connection, optuna_tables.trials.c.trial_id)
    of_all = {
        "study_id": row.study_id,
        "state": STATES[TrialState.RUNNING],
        "datetime_start": naive(moment),
    }
    rows = [
        {"number": trial.number, **of_all}
        | ({} if unused is None else {"trial_id": unused + place})
        for place, trial in enumerate(trials)
    ]
    ids = connection.execute(_ADD_TRIALS, rows).scalars()
    by_id = dict(zip(ids, trials, strict=True))
    connection.execute(_ADD_TO_INDEX, [_index_row(row.pk, *pair) for pair in by_id.items()])
    _add(connection, _ADD_PARAMS, _param_rows(row, by_id))
    _add(connection, _ADD_ATTRIBUTES, list(_first_attributes(by_id)))
    started = [(EventKind.TRIAL_STARTED, _started(trial)) for trial in trials]
    add_events(connection, row.pk, moment, started)


def running_numbers(connection: Connection, pk: int) -> list[int]:
    """Numbers of the job's trials that have not ended, ascending."""
    query = select(_index.c.number).where(
        _index.c.job_pk == pk, _index.c.state == TrialState.RUNNING.value
    )
    return list(connection.execute(query.order_by(_index.c.number)).scalars())


def record_trials(
    connection: Connection,
    row: JobRow,
    reports: Mapping[int, Report],
    endings: Mapping[int, Ending],
    moment: datetime,
) -> None:
    """Add reports and endings to the trials that still run, of a job that is locked.

    The caller changes the job, too: its version then tells what had ended and what had not.
    """
    pk = row.pk
    numbers = sorted({*reports, *endings})
    rows = connection.execute(_SELECT_RUNNING, {"pk": pk, "numbers": numbers})
    running = {
        number: _with_report(trial_id, codec.reports_in(text), reports.get(number))
        for number, trial_id, text in rows
    }
    ended = {number: endings[number] for number in running if number in endings}
    _write_reports(connection, [trial for trial in running.values() if trial.fresh])
    endings_of = [(running[number], ending) for number, ending in ended.items()]
    _write_endings(connection, endings_of, moment, row.job.version + 1)
    if ended:
        _seal(connection, row, list(ended))
    happened = [
        (EventKind.TRIAL_REPORTED, _reported(number, trial.fresh))
        for number, trial in running.items()
        if trial.fresh
    ]
    happened += [(EventKind.TRIAL_ENDED, _ended(n, e, running[n])) for n, e in ended.items()]
    add_events(connection, pk, moment, happened)


def _seal(connection: Connection, row: JobRow, numbers: Sequence[int]) -> None:
    """Write down what the trials were when they ended, so that an audit finds a change since."""
    which = and_(_index.c.job_pk == row.pk, _index.c.number.in_(numbers))
    ids = dict(connection.execute(select(_index.c.number, _index.c.trial_id).where(which)).all())
    trials = read_trials(connection, row.space, which)
    seals = [
        _attribute(ids[number], SEAL, to_json(seal_of(trial))) for number, trial in trials.items()
    ]
    _add(connection, _ADD_ATTRIBUTES, seals)


def _with_report(trial_id: int, before: tuple[Report, ...], report: Report | None) -> _Running:
    """A report of a step that is there already is left out."""
    if report is None or any(known.step == report.step for known in before):
        return _Running(trial_id, before, None)
    return _Running(trial_id, (*before, report), report)


def _write_reports(connection: Connection, trials: Sequence[_Running]) -> None:
    _add(
        connection,
        _ADD_INTERMEDIATE_VALUES,
        [intermediate_row(t.trial_id, t.fresh.step, t.fresh.value) for t in trials if t.fresh],
    )
    _add(
        connection,
        _SET_REPORTS,
        [{"its_id": t.trial_id, "text": codec.reports_out(t.reports)} for t in trials],
    )
    _add(connection, _SET_EPOCHS, [{"its_id": t.trial_id, "now": t.epochs} for t in trials])


def _write_endings(
    connection: Connection,
    ended: Sequence[tuple[_Running, Ending]],
    moment: datetime,
    version: int,
) -> None:
    end = naive(moment)
    states = [
        {"its_id": trial.trial_id, "its_state": STATES[ending.outcome.state], "moment": end}
        for trial, ending in ended
    ]
    _add(connection, _END_TRIALS, states)
    index = [
        {
            "its_id": trial.trial_id,
            "its_state": ending.outcome.state.value,
            "its_value": _value(ending, trial),
            "its_version": version,
        }
        for trial, ending in ended
    ]
    _add(connection, _END_IN_INDEX, index)
    values = [(trial.trial_id, _optunas_value(ending, trial)) for trial, ending in ended]
    _add(connection, _ADD_VALUES, [value_row(id_, v) for id_, v in values if v is not None])
    attributes = [row for trial, ending in ended for row in _last_attributes(trial, ending)]
    _add(connection, _ADD_ATTRIBUTES, attributes)


def _value(ending: Ending, trial: _Running) -> float | None:
    """The value of a complete trial."""
    return trial.last_value if ending.outcome.state is TrialState.COMPLETE else None


def _optunas_value(ending: Ending, trial: _Running) -> float | None:
    """As Optuna's `tell` does it: a pruned trial, too, has its last report's value."""
    return trial.last_value if ending.outcome.caused_by_parameters else None


def _add(connection: Connection, statement: Insert | Update, rows: Rows) -> None:
    if rows:
        connection.execute(statement, rows)


def _index_row(pk: int, trial_id: int, trial: Trial) -> dict[str, Any]:
    return {
        "trial_id": trial_id,
        "job_pk": pk,
        "number": trial.number,
        "round": trial.round,
        "cohort": trial.cohort,
        "state": TrialState.RUNNING.value,
        "epochs": 0.0,
    }


def _param_rows(row: JobRow, by_id: Mapping[int, Trial]) -> Rows:
    """Every trial has the distributions of the whole box, whatever range it was drawn from."""
    space = row.job.spec.space
    texts = {name: distribution_json(parameter) for name, parameter in space.items()}
    return [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": encode(space[name], value),
            "distribution_json": texts[name],
        }
        for trial_id, trial in by_id.items()
        for name, value in trial.params.items()
    ]


def _attribute(trial_id: int, key: str, text: str) -> dict[str, Any]:
    return {"trial_id": trial_id, "key": key, "value_json": text}


def _first_attributes(by_id: Mapping[int, Trial]) -> Iterator[dict[str, Any]]:
    for trial_id, trial in by_id.items():
        yield _attribute(trial_id, "round", to_json(trial.round))
        yield _attribute(trial_id, "cohort", to_json(trial.cohort))
        yield _attribute(trial_id, ORIGIN, codec.origin_out(trial.origin))
        yield _attribute(trial_id, REPORTS, codec.reports_out(()))


def _last_attributes(trial: _Running, ending: Ending) -> Iterator[dict[str, Any]]:
    trial_id = trial.trial_id
    yield _attribute(trial_id, EPOCHS, to_json(trial.epochs))
    yield _attribute(trial_id, OUTCOME, to_json(ending.outcome.value))
    yield _attribute(trial_id, STOP_REASON, to_json(ending.reason))
    yield _attribute(trial_id, ENDING, codec.ending_out(ending))


def _started(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "round": trial.round,
        "cohort": trial.cohort,
        "params": dict(trial.params),
    }


def _reported(number: int, report: Report) -> dict[str, Any]:
    return {
        "number": number,
        "step": report.step,
        "epoch": report.epoch,
        "value": codec.number_out(report.value),
        "loss": codec.number_out(report.loss),
        **codec.scores_out(report),
    }


def _ended(number: int, ending: Ending, trial: _Running) -> dict[str, Any]:
    return {
        "number": number,
        "state": ending.outcome.state.value,
        "outcome": ending.outcome.value,
        "reason": ending.reason,
        "value": _value(ending, trial),
        "epochs": trial.epochs,
    }
