"""A database that an earlier version wrote is brought up to date with all that is in it.

`tests/data/database_0001.sql` is such a database, dumped from SQLite: a job that ended (a trial
pruned, one diverged, one complete), one that runs with a trial that was enqueued, one that waits
and starts from these two, and one with a budget that is refused today.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table, create_engine, func, inspect, select, text

from hpsearch.jobs import JobState
from hpsearch.trial import Outcome
from storage import schema
from storage.database import Database
from storage.events import EventKind, Events
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from storage.user_trials import Trials
from tests.integration.storage.samples import COMPLETED, PARAMS, report, spec

DUMP = Path(__file__).parents[2] / "data" / "database_0001.sql"
ENDED, RUNNING, QUEUED, LONGEST = (letter * 10 for letter in "abcd")


@pytest.fixture
def old_url(empty_url: str) -> str:
    """The URL of a database with tables of 0001 and the dump's rows."""
    if empty_url.startswith("sqlite"):
        with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"))) as file:
            file.executescript(DUMP.read_text())
        return empty_url
    opened = Database(empty_url)
    schema.create(opened.backend.writer, "0001")
    with opened.write(durable=True) as connection:
        _copy(connection)
    opened.close()
    return empty_url


def _copy(connection: Connection) -> None:
    """Bring the dump's rows into PostgreSQL's tables, and its sequences behind them."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
    metadata = MetaData()
    with closing(sqlite3.connect(":memory:")) as dumped:
        dumped.row_factory = sqlite3.Row
        dumped.executescript(DUMP.read_text())
        for name in inspect(connection).get_table_names():
            table = Table(name, metadata, autoload_with=connection)
            connection.execute(table.delete())
            rows = [dict(row) for row in dumped.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - a table's name
            if rows:
                connection.execute(table.insert(), rows)
            key = table.autoincrement_column
            if key is not None and rows and key.server_default is not None:
                connection.execute(
                    select(func.setval(func.pg_get_serial_sequence(name, key.name), 1000))
                )


DEFAULTS_THEN: dict[str, Any] = {
    "confirm": None,
    "rules": 1,
    "pruner": {"name": "median", "percentile": 50.0},
    "rounds": {"keep": 0.2},
}
"""What that version wrote out where a spec was silent; later defaults do not change its jobs."""


@pytest.fixture
def upgraded(old_url: str) -> Iterator[Database]:
    opened = Database(old_url)
    assert opened.check()["schema"] == "0001"
    opened.initialise()
    yield opened
    opened.close()


def test_jobs_and_trials_are_as_they_were(upgraded: Database) -> None:
    jobs, trials = Jobs(upgraded), Trials(upgraded)
    views, following = jobs.page()
    found = [view.job for view in views]

    assert [(job.id, job.name, job.state, job.problem) for job in found] == [
        (LONGEST, "longest", JobState.QUEUED, None),
        (QUEUED, "queued", JobState.QUEUED, None),
        (RUNNING, "running", JobState.RUNNING, None),
        (ENDED, "ended", JobState.COMPLETED, None),
    ]
    assert following is None
    assert jobs.get(ENDED).spec == spec(name="ended", **DEFAULTS_THEN)
    assert jobs.get(LONGEST).spec.budget.seconds == 1e308
    pruned, diverged, complete = trials.page(ENDED)[0]
    assert [t.ending.outcome for t in (pruned, diverged, complete) if t.ending] == [
        Outcome.PRUNED,
        Outcome.DIVERGED,
        Outcome.COMPLETED,
    ]
    assert complete.params == PARAMS
    assert complete.reports == (report(20, 0.7, math.inf), report(40, 0.8))
    assert trials.best(ENDED)[0].value == 0.8
    assert trials.rounds(ENDED)[0].ranges == jobs.get(ENDED).spec.space
    kinds = [event.kind for event in Events(upgraded).after(ENDED, 0, 100)]
    assert (kinds[0], kinds[-1]) == (EventKind.JOB_CREATED, EventKind.STATE_CHANGED)


def test_what_runs_goes_on(upgraded: Database) -> None:
    jobs, store = Jobs(upgraded), SqlJobStore(upgraded)

    history = store.history(RUNNING)
    store.record(RUNNING, {1: report(40, 0.9)}, {1: COMPLETED}, 5.0)
    store.end(RUNNING, JobState.COMPLETED, "budget: trials", 6.0)

    assert history.enqueued == ({"learning_rate": 2.0},)
    assert [trial.value for trial in history.trials] == [0.75, None]
    assert Trials(upgraded).best(RUNNING)[0].value == 0.9
    assert [known.number for job in store.history(QUEUED).prior for known in job.trials] == [
        0,
        1,
        2,
        0,
    ]
    assert jobs.create(spec(name="new"), "another key")[1]


def test_every_step_of_the_chain_goes_back_as_well(upgraded: Database) -> None:
    config = schema.configuration()
    with upgraded.write(durable=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert upgraded.check()["schema"] == "0001"
    upgraded.initialise()

    assert len(Jobs(upgraded).page()[0]) == 4


def test_the_dump_is_of_the_first_version() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.executescript(DUMP.read_text())
    with engine.connect() as connection:
        assert schema.versions(connection) == {"schema": "0001", "optuna_schema": 12}
    engine.dispose()
