"""Trials written to Optuna's tables, a cohort at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hpsearch.history import Ending, Report, Trial, TrialState
from storage import codec, optuna_tables, tables
from storage.codec import to_json
from storage.events import EventKind, add_events
from storage.job_rows import JobRow
from storage.optuna_tables import STATES, intermediate_row, naive, value_row
from storage.params import distribution_json, encode
from storage.trial_rows import ENDING, ORIGIN, REPORTS

Rows = list[dict[str, Any]]

EPOCHS, OUTCOME, STOP_REASON = "epochs", "outcome", "stop_reason"  # names of user attributes


def add_trials(
    connection: Connection, row: JobRow, trials: Sequence[Trial], moment: datetime
) -> None:
    """Add trials that run from now on, of a job that is locked."""
    running = STATES[TrialState.RUNNING]
    ids = connection.execute(
        insert(optuna_tables.trials).returning(
            optuna_tables.trials.c.trial_id, sort_by_parameter_order=True
        ),
        [
            {
                "number": trial.number,
                "study_id": row.study_id,
                "state": running,
                "datetime_start": naive(moment),
            }
            for trial in trials
        ],
    ).scalars()
    by_id = dict(zip(ids, trials, strict=True))
    connection.execute(
        insert(tables.trials),
        [
            {
                "trial_id": trial_id,
                "job_pk": row.pk,
                "number": trial.number,
                "round": trial.round,
                "cohort": trial.cohort,
                "state": TrialState.RUNNING.value,
                "epochs": 0.0,
            }
            for trial_id, trial in by_id.items()
        ],
    )
    _insert_all(connection, optuna_tables.trial_params, _param_rows(row, by_id))
    _insert_all(connection, optuna_tables.trial_user_attributes, list(_first_attributes(by_id)))
    started = [(EventKind.TRIAL_STARTED, _started(trial)) for trial in trials]
    add_events(connection, row.pk, moment, started)


def running_numbers(connection: Connection, pk: int) -> list[int]:
    """Numbers of the job's trials that have not ended, ascending."""
    table = tables.trials
    query = select(table.c.number).where(
        table.c.job_pk == pk, table.c.state == TrialState.RUNNING.value
    )
    return list(connection.execute(query.order_by(table.c.number)).scalars())


def record_trials(
    connection: Connection,
    pk: int,
    reports: Mapping[int, Report],
    endings: Mapping[int, Ending],
    moment: datetime,
) -> None:
    """Add reports and endings to the trials that still run, of a job that is locked."""
    known = _running(connection, pk, sorted({*reports, *endings}))
    fresh = {
        number: reports[number]
        for number, (_, before) in known.items()
        if number in reports and reports[number].step not in {r.step for r in before}
    }
    after = {
        number: (*before, fresh[number]) if number in fresh else before
        for number, (_, before) in known.items()
    }
    ids = {number: trial_id for number, (trial_id, _) in known.items()}
    ended = {number: endings[number] for number in known if number in endings}
    _write_reports(connection, ids, fresh, after)
    _write_endings(connection, ids, ended, after, moment)
    happened = [(EventKind.TRIAL_REPORTED, _reported(n, report)) for n, report in fresh.items()]
    happened += [(EventKind.TRIAL_ENDED, _ended(n, e, after[n])) for n, e in ended.items()]
    add_events(connection, pk, moment, happened)


def _running(
    connection: Connection, pk: int, numbers: list[int]
) -> dict[int, tuple[int, tuple[Report, ...]]]:
    """Trial id and reports so far of those of these trials that still run, by number."""
    index, attributes = tables.trials, optuna_tables.trial_user_attributes
    query = (
        select(index.c.number, index.c.trial_id, attributes.c.value_json)
        .join(attributes, attributes.c.trial_id == index.c.trial_id)
        .where(index.c.job_pk == pk, index.c.number.in_(numbers))
        .where(index.c.state == TrialState.RUNNING.value, attributes.c.key == REPORTS)
        .order_by(index.c.number)
    )
    return {
        number: (trial_id, codec.reports_in(text))
        for number, trial_id, text in connection.execute(query)
    }


def _write_reports(
    connection: Connection,
    ids: Mapping[int, int],
    fresh: Mapping[int, Report],
    after: Mapping[int, tuple[Report, ...]],
) -> None:
    if not fresh:
        return
    connection.execute(
        insert(optuna_tables.trial_intermediate_values),
        [intermediate_row(ids[n], report.step, report.value) for n, report in fresh.items()],
    )
    texts = [(ids[n], REPORTS, codec.reports_out(after[n])) for n in fresh]
    texts += [(ids[n], EPOCHS, to_json(report.epoch)) for n, report in fresh.items()]
    table = optuna_tables.trial_user_attributes
    connection.execute(
        update(table)
        .where(table.c.trial_id == bindparam("its_id"), table.c.key == bindparam("its_key"))
        .values(value_json=bindparam("text")),
        [{"its_id": trial_id, "its_key": key, "text": text} for trial_id, key, text in texts],
    )
    connection.execute(
        update(tables.trials)
        .where(tables.trials.c.trial_id == bindparam("its_id"))
        .values(epochs=bindparam("so_far")),
        [{"its_id": ids[n], "so_far": report.epoch} for n, report in fresh.items()],
    )


def _write_endings(
    connection: Connection,
    ids: Mapping[int, int],
    ended: Mapping[int, Ending],
    after: Mapping[int, tuple[Report, ...]],
    moment: datetime,
) -> None:
    if not ended:
        return
    table = optuna_tables.trials
    connection.execute(
        update(table)
        .where(table.c.trial_id == bindparam("its_id"))
        .values(state=bindparam("its_state"), datetime_complete=naive(moment)),
        [{"its_id": ids[n], "its_state": STATES[e.outcome.state]} for n, e in ended.items()],
    )
    connection.execute(
        update(tables.trials)
        .where(tables.trials.c.trial_id == bindparam("its_id"))
        .values(state=bindparam("its_state"), value=bindparam("its_value")),
        [
            {
                "its_id": ids[n],
                "its_state": ending.outcome.state.value,
                "its_value": _value(ending, after[n]),
            }
            for n, ending in ended.items()
        ],
    )
    values = [(ids[n], _optunas_value(ending, after[n])) for n, ending in ended.items()]
    rows = [value_row(trial_id, value) for trial_id, value in values if value is not None]
    _insert_all(connection, optuna_tables.trial_values, rows)
    attributes = [row for n, ending in ended.items() for row in _last_attributes(ids[n], ending)]
    _insert_all(connection, optuna_tables.trial_user_attributes, attributes)


def _value(ending: Ending, reports: tuple[Report, ...]) -> float | None:
    """The value of a complete trial."""
    complete = ending.outcome.state is TrialState.COMPLETE
    return reports[-1].value if complete and reports else None


def _optunas_value(ending: Ending, reports: tuple[Report, ...]) -> float | None:
    """As Optuna's `tell` does it: a pruned trial keeps its last report's value, unless NaN."""
    if ending.outcome.state is TrialState.FAIL or not reports:
        return None
    last = reports[-1].value
    return last if last == last else None


def _insert_all(connection: Connection, table: Any, rows: Rows) -> None:
    if rows:
        connection.execute(insert(table), rows)


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
        yield _attribute(trial_id, EPOCHS, to_json(0.0))
        yield _attribute(trial_id, ORIGIN, codec.origin_out(trial.origin))
        yield _attribute(trial_id, REPORTS, codec.reports_out(()))


def _last_attributes(trial_id: int, ending: Ending) -> Iterator[dict[str, Any]]:
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
    }


def _ended(number: int, ending: Ending, reports: tuple[Report, ...]) -> dict[str, Any]:
    return {
        "number": number,
        "state": ending.outcome.state.value,
        "outcome": ending.outcome.value,
        "reason": ending.reason,
        "value": _value(ending, reports),
        "epochs": reports[-1].epoch if reports else 0.0,
    }
