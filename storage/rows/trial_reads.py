"""Trials read from Optuna's tables."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, select

from hpsearch.history import Confirmation
from hpsearch.spec.space import Parameter, Value
from hpsearch.trial import Ending, Origin, Trial
from storage.rows import codec, optuna_tables, tables
from storage.rows.params import decode, decode_by_distribution

ORIGIN, REPORTS, ENDING, SEAL = "origin", "reports", "ending", "seal"  # names of user attributes

_UNKNOWN = Origin("sampler", "", 0, 0)


def read_trials(
    connection: Connection, space: Mapping[str, Parameter] | None, which: ColumnElement[bool]
) -> dict[int, Trial]:
    """Trials by number, ascending; `which` is a condition on `hps_trials`.

    space: of their job's spec; None if this version cannot read that.
    """
    index = tables.trials
    query = (
        select(index.c.trial_id, index.c.number, index.c.round, index.c.cohort)
        .where(which)
        .order_by(index.c.number)
    )
    params = _params(connection, space, which)
    attributes = _attributes(connection, which)
    trials: dict[int, Trial] = {}
    for trial_id, number, round_, cohort in connection.execute(query):
        texts = attributes[trial_id]
        ending: Ending | None = codec.ending_in(texts[ENDING]) if ENDING in texts else None
        trials[number] = Trial(
            number=number,
            round=round_,
            cohort=cohort,
            params=params[trial_id],
            origin=codec.origin_in(texts[ORIGIN]) if ORIGIN in texts else _UNKNOWN,
            reports=codec.reports_in(texts[REPORTS]) if REPORTS in texts else (),
            ending=ending,
        )
    return trials


def read_seals(connection: Connection, job_pk: int) -> dict[int, str]:
    """What was written down of each trial when it ended, by number; see hpsearch.digest.seal_of."""
    table, index = optuna_tables.trial_user_attributes, tables.trials
    query = (
        select(index.c.number, table.c.value_json)
        .join(index, index.c.trial_id == table.c.trial_id)
        .where(index.c.job_pk == job_pk, table.c.key == SEAL)
        .order_by(index.c.number)
    )
    return {number: json.loads(text) for number, text in connection.execute(query)}


def read_params(
    connection: Connection, space: Mapping[str, Parameter] | None, which: ColumnElement[bool]
) -> dict[int, Mapping[str, Value]]:
    """Only the parameters, by trial number."""
    index = tables.trials
    params = _params(connection, space, which)
    query = select(index.c.trial_id, index.c.number).where(which)
    return {number: params[trial_id] for trial_id, number in connection.execute(query)}


def _params(
    connection: Connection, space: Mapping[str, Parameter] | None, which: ColumnElement[bool]
) -> dict[int, dict[str, Value]]:
    """Parameters by trial id, in the order of the space; those that do not apply are absent."""
    if space is None:
        return _params_by_distribution(connection, which)
    table = optuna_tables.trial_params
    query = (
        select(table.c.trial_id, table.c.param_name, table.c.param_value)
        .join(tables.trials, tables.trials.c.trial_id == table.c.trial_id)
        .where(which)
    )
    stored: dict[int, dict[str, float]] = defaultdict(dict)
    for trial_id, name, value in connection.execute(query):
        stored[trial_id][name] = value
    params: dict[int, dict[str, Value]] = defaultdict(dict)
    for trial_id, values in stored.items():
        params[trial_id] = {
            name: decode(parameter, values[name])
            for name, parameter in space.items()
            if name in values
        }
    return params


def _params_by_distribution(
    connection: Connection, which: ColumnElement[bool]
) -> dict[int, dict[str, Value]]:
    """The same without the space, from what Optuna keeps beside each value, in its rows' order."""
    table = optuna_tables.trial_params
    query = (
        select(table.c.trial_id, table.c.param_name, table.c.param_value, table.c.distribution_json)
        .join(tables.trials, tables.trials.c.trial_id == table.c.trial_id)
        .where(which)
        .order_by(table.c.param_id)
    )
    params: dict[int, dict[str, Value]] = defaultdict(dict)
    for trial_id, name, stored, distribution in connection.execute(query):
        params[trial_id][name] = decode_by_distribution(distribution, stored)
    return params


def _attributes(connection: Connection, which: ColumnElement[bool]) -> dict[int, dict[str, str]]:
    table = optuna_tables.trial_user_attributes
    query = (
        select(table.c.trial_id, table.c.key, table.c.value_json)
        .join(tables.trials, tables.trials.c.trial_id == table.c.trial_id)
        .where(which)
        .where(table.c.key.in_((ORIGIN, REPORTS, ENDING)))
    )
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for trial_id, key, text in connection.execute(query):
        texts[trial_id][key] = text
    return texts


def read_rounds(connection: Connection, pk: int) -> Sequence[str]:
    """The stored rounds of a job, by index."""
    table = tables.rounds
    query = select(table.c.round).where(table.c.job_pk == pk).order_by(table.c.index)
    return connection.execute(query).scalars().all()


def read_confirmations(connection: Connection, job_pk: int) -> tuple[Confirmation, ...]:
    """In order of stage, trial and repeat."""
    table = tables.confirmations
    columns = (table.c.stage, table.c.trial, table.c.repeat, table.c.found)
    rows = connection.execute(select(*columns).where(table.c.job_pk == job_pk)).all()
    found = [codec.confirmation_in(*row) for row in rows]
    return tuple(sorted(found, key=lambda each: each.key))
