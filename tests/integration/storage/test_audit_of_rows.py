"""Each value that is stored of a finished job, changed one at a time: an audit names it.

What an audit does not look at stands in `EXEMPT`, with the reason.
"""

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hpsearch.auditing.audit import audit
from hpsearch.auditing.record import Record
from hpsearch.digest import digest
from hpsearch.errors import HpsearchError
from hpsearch.job_file import JobFile
from storage import schema
from storage.database import Database
from storage.imports import Imports
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from storage.user_trials import Trials
from tests.unit.test_auditing import confirmed, record
from tests.unit.test_job_file import facts_of

COPY = "a copy for lists, or for Optuna's tools; no result is read from it"
KEY = "a key: it names the row and says nothing of the search"
PEOPLE = "set by people or by their server; no result depends on it"
EXEMPT = {
    **dict.fromkeys(("hps_jobs.pk", "hps_jobs.study_id", "hps_jobs.id", "hps_jobs.study"), KEY),
    **dict.fromkeys(
        ("hps_jobs.wish", "hps_jobs.priority", "hps_jobs.version", "hps_jobs.owner"), PEOPLE
    ),
    **dict.fromkeys(("hps_jobs.labels", "hps_jobs.archived_at", "hps_jobs.deleted_at"), PEOPLE),
    **dict.fromkeys(("hps_jobs.waits_for", "hps_jobs.spec.name"), PEOPLE),
    **dict.fromkeys(("hps_jobs.notify_url", "hps_jobs.notified"), PEOPLE),
    **dict.fromkeys(
        ("hps_jobs.created_at", "hps_jobs.started_at", "hps_jobs.finished_at", "hps_jobs.seconds"),
        "when and how long it ran; equal searches differ in it",
    ),
    "hps_jobs.environment": "where it ran; equal searches may differ in it",
    "hps_jobs.state": "follows from the reason of the end",
    "hps_jobs.earlier_budgets": "null here; tests/unit/test_auditing.py changes budgets",
    "hps_jobs.spec_version": "says how to read the spec; two versions may read it alike",
    **dict.fromkeys(("hps_rounds.job_pk", "hps_confirmations.job_pk", "hps_trials.job_pk"), KEY),
    **dict.fromkeys(("hps_trials.trial_id", "hps_trials.ended_version"), KEY),
    **dict.fromkeys(("hps_trials.state", "hps_trials.epochs", "hps_trials.value"), COPY),
    **dict.fromkeys(
        ("trial_params.param_id", "trial_user_attributes.trial_user_attribute_id"), KEY
    ),
    "trial_params.distribution_json": COPY,
    "hps_rounds.index": "only puts them in order; a round says itself which one it is",
    "trial_user_attributes[seal].key": "counts as from before there were seals; the answer says so",
}
JOB = "abcdefghij"
READ = ("hps_jobs", "hps_rounds", "hps_confirmations", "hps_trials", "trial_params")
ATTRIBUTES = ("origin", "reports", "ending", "seal")
"""Tables that results are read from; `hps_events` tells what happened, and is deleted sooner. Of
`trial_user_attributes` those with these names, the others are copies for Optuna's tools."""


@dataclass(frozen=True)
class Change:
    """Another value in one column of one row, or in one place of the JSON that it holds."""

    name: str
    table: str
    column: str
    rowid: int
    value: Any


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one job that has ended."""
    path = tmp_path_factory.mktemp("audited") / "hpsearch.db"
    searched = confirmed(record(budget={"trials": 18}, sampler="random"))
    facts = facts_of(searched)
    value = digest(searched.spec, searched.history, searched.stop_reason, facts.data)
    database = Database(f"sqlite:///{path}")
    schema.create(database.backend.writer)
    held = JobFile(replace(facts, digest=value), searched.spec, searched.history)
    Imports(database).add(held)
    database.close()
    return path


def _audited(path: Path) -> list[str]:
    database = Database(f"sqlite:///{path}")
    try:
        job, history = Jobs(database).get(JOB), SqlJobStore(database).history(JOB)
        seals, kept = Trials(database).seals(JOB), Jobs(database).digest(JOB)
    finally:
        database.close()
    found = audit(
        Record(job.spec, history, job.stop_reason, job.state.ended, seals, job.earlier_budgets)
    )
    lines = [str(finding) for finding in found]
    if digest(job.spec, history, job.stop_reason, job.data) != kept:
        lines.append("the digest")
    return lines


def _changes(path: Path) -> Iterator[Change]:
    with closing(sqlite3.connect(path)) as file:
        for table in READ:
            yield from _changes_of(file, table, "1 = 1 ORDER BY rowid DESC LIMIT 1", table)
        for key in ATTRIBUTES:
            where = f"key = '{key}' ORDER BY rowid DESC LIMIT 1"
            yield from _changes_of(
                file, "trial_user_attributes", where, f"trial_user_attributes[{key}]"
            )


def _changes_of(file: sqlite3.Connection, table: str, where: str, name: str) -> Iterator[Change]:
    cursor = file.execute(f'SELECT rowid AS its_rowid, * FROM "{table}" WHERE {where}')  # noqa: S608 - names of our own
    columns = [column for column, *_ in cursor.description]
    for rowid, *values in cursor.fetchall():
        for column, value in zip(columns[1:], values, strict=True):
            if f"{table}.{column}" not in EXEMPT:
                for place, other in _others(value):
                    change = Change(f"{name}.{column}{place}", table, column, rowid, other)
                    if not {change.name, f"{table}.{column}{place}"} & EXEMPT.keys():
                        yield change


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Where something is changed, and the whole value then."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        whole = json.loads(value)
        for place in _leaves(whole):
            changed = copy.deepcopy(whole)
            inner = changed
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = _other(inner[place[-1]])
            yield "." + ".".join(map(str, place)), json.dumps(changed)
    else:
        yield "", _other(value)


def _leaves(value: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            for place in _leaves(item):
                yield (key, *place)
    else:
        yield ()


def _other(value: Any) -> Any:
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else value + 1


def _write(path: Path, change: Change, value: Any) -> Any:
    """Write a value in its place; returns the one that was there."""
    where = f'"{change.table}" WHERE rowid = ?'
    with closing(sqlite3.connect(path)) as file, file:
        read = f'SELECT "{change.column}" FROM {where}'  # noqa: S608 - names of our own
        (before,) = file.execute(read, (change.rowid,)).fetchone()
        write = f'UPDATE "{change.table}" SET "{change.column}" = ? WHERE rowid = ?'  # noqa: S608 - names of our own
        file.execute(write, (value, change.rowid))
    return before


def _is_found(path: Path, change: Change) -> bool:
    """Also where nothing can be read any more, or the database refuses such a row."""
    try:
        before = _write(path, change, change.value)
    except sqlite3.IntegrityError:
        return True
    try:
        return bool(_audited(path))
    except (HpsearchError, ValueError):
        return True
    finally:
        _write(path, change, before)


def test_one_changed_value_is_found(path: Path) -> None:
    assert _audited(path) == []
    changes = list(_changes(path))
    assert len(changes) > 120
    assert [change.name for change in changes if not _is_found(path, change)] == []
    assert _audited(path) == []
