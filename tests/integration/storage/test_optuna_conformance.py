"""Trials written by us and the same trials written by Optuna are the same to every Optuna tool."""

import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Table, select

from hpsearch.history import Cohort
from hpsearch.jobs import JobState
from hpsearch.spec.space import Value
from hpsearch.trial import Ending, Outcome, Report
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.rows import optuna_tables
from storage.user_jobs import Jobs
from tests.integration.storage.samples import COMPLETED, first_round, spec, trial

SPACE = {
    "learning_rate": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
    "momentum": {"type": "float", "low": 0.5, "high": 0.99, "step": 0.1},
    "batch_size": {"type": "int", "low": 10, "high": 105, "step": 20},
    "hidden_units": {"type": "int", "low": 10, "high": 1000, "log": True},
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "batch_norm": {"choices": [True, False]},
    "dropout": {"choices": [0, 0.25, 0.5]},
}
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-3, 1e3, log=True),
    "momentum": FloatDistribution(0.5, 0.9, step=0.1),  # whole steps end below 0.99
    "batch_size": IntDistribution(10, 90, step=20),
    "hidden_units": IntDistribution(10, 1000, log=True),
    "optimizer": CategoricalDistribution(["sgd", "momentum", "adam"]),
    "batch_norm": CategoricalDistribution([True, False]),
    "dropout": CategoricalDistribution([0, 0.25, 0.5]),
}


@dataclass(frozen=True)
class Case:
    """A trial, told twice: once our way and once in Optuna's words."""

    params: dict[str, Value]
    reports: tuple[tuple[int, float], ...]
    ending: Ending | None
    state: TrialState | None


CASES = (
    Case(
        {
            "learning_rate": 0.1 + 0.2,
            "momentum": 0.7,
            "batch_size": 50,
            "hidden_units": 64,
            "optimizer": "momentum",
            "batch_norm": False,
            "dropout": 0.25,
        },
        ((20, 0.3), (40, 0.8), (300, 0.9123456789012345)),
        COMPLETED,
        TrialState.COMPLETE,
    ),
    Case(
        {"learning_rate": 1e3, "batch_size": 10, "optimizer": "sgd", "dropout": 0},
        ((20, 0.2),),
        Ending(Outcome.PRUNED, "weaker than the median", 20, 0.2, 0.3, 6),
        TrialState.PRUNED,
    ),
    Case(
        {"learning_rate": 1e-3, "optimizer": "adam"},
        ((20, math.nan),),
        Ending(Outcome.DIVERGED, "loss is not finite", 20, iteration=17),
        TrialState.PRUNED,
    ),
    Case({"batch_norm": True}, (), Ending(Outcome.STUCK, "at chance"), TrialState.PRUNED),
    Case({}, ((20, 0.5),), Ending(Outcome.WORKER_LOST, "worker lost"), TrialState.FAIL),
    Case({"optimizer": "adam"}, ((20, 0.4),), None, None),
)


def write_ours(database: Database, objective: str = "accuracy") -> str:
    """Record the cases as the dispatcher does; returns the study's name."""
    records = SqlJobStore(database)
    searched = spec(
        space=SPACE, network={"architecture": "mlp"}, weight_decay=0.1, objective=objective
    )
    job, _ = Jobs(database).create(searched)
    trials = tuple(trial(number, params=case.params) for number, case in enumerate(CASES))
    records.start(job.id, {})
    records.open_cohort(job.id, Cohort(0, first_round(searched), trials, opens=True), 0)
    for number, case in enumerate(CASES):
        for step, value in case.reports:
            records.record(job.id, {number: Report(step, step / 100, value, 0.5)}, {}, 1)
        if case.ending:
            records.record(job.id, {}, {number: case.ending}, 1)
    return job.study


def write_optunas(storage: RDBStorage) -> str:
    """Record the cases as a user of Optuna does; returns the study's name."""
    study = optuna.create_study(storage=storage, study_name="theirs", direction="maximize")
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        study.set_metric_names(["validation accuracy"])
    for case in CASES:
        study.enqueue_trial(case.params)
        running = study.ask()
        for name in case.params:
            running._suggest(name, DISTRIBUTIONS[name])
        for step, value in case.reports:
            running.report(value, step)
        if case.state:
            last = case.reports[-1][1] if case.reports else None
            values = last if case.state is TrialState.COMPLETE else None
            study.tell(running, values, state=case.state)
    return study.study_name


@pytest.fixture
def both(database: Database, database_url: str) -> Iterator[tuple[optuna.Study, optuna.Study]]:
    """The same search, written by us and by Optuna, as Optuna reads them."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = RDBStorage(database_url)
    ours, theirs = write_ours(database), write_optunas(storage)
    yield (
        optuna.load_study(study_name=ours, storage=storage),
        optuna.load_study(study_name=theirs, storage=storage),
    )
    storage.remove_session()
    storage.engine.dispose()


def test_optuna_reads_the_same_trials(both: tuple[optuna.Study, optuna.Study]) -> None:
    ours, theirs = both

    assert len(ours.trials) == len(CASES)
    for our, their in zip(ours.trials, theirs.trials, strict=True):
        assert facts(our) == facts(their)
    assert ours.direction == theirs.direction
    assert ours.metric_names == theirs.metric_names
    assert ours.best_trial.number == theirs.best_trial.number == 0
    assert ours.best_value == theirs.best_value


def test_a_loss_is_minimized_and_has_its_name(database: Database, database_url: str) -> None:
    storage = RDBStorage(database_url)
    study = optuna.load_study(study_name=write_ours(database, "loss"), storage=storage)
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    assert study.metric_names == ["validation loss"]
    storage.remove_session()
    storage.engine.dispose()


def facts(frozen: FrozenTrial) -> dict[str, Any]:
    return {
        "number": frozen.number,
        "state": frozen.state,
        "params": {name: (type(value), value) for name, value in frozen.params.items()},
        "distributions": frozen.distributions,
        "values": frozen.values,
        "intermediate": {step: repr(value) for step, value in frozen.intermediate_values.items()},
        "ended": frozen.datetime_complete is not None,
    }


def test_the_rows_are_the_same(both: tuple[optuna.Study, optuna.Study], database: Database) -> None:
    ours, theirs = (study._study_id for study in both)
    trials = optuna_tables.trials
    tables: list[tuple[Table, str]] = [
        (optuna_tables.trial_params, "param_id"),
        (optuna_tables.trial_values, "trial_value_id"),
        (optuna_tables.trial_intermediate_values, "trial_intermediate_value_id"),
    ]
    with database.read() as connection:
        for table, key in tables:
            columns = [column for column in table.c if column.name not in (key, "trial_id")]
            query = select(trials.c.number, *columns).join(
                trials, trials.c.trial_id == table.c.trial_id
            )
            rows = [
                sorted(
                    repr(row) for row in connection.execute(query.where(trials.c.study_id == id_))
                )
                for id_ in (ours, theirs)
            ]
            assert rows[0] == rows[1], table.name
            assert rows[0], table.name


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns"])
def test_times_are_those_that_optuna_would_say(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        before = datetime.now()  # Optuna tells naive local times
        name = write_ours(database)
        after = datetime.now()
        storage = RDBStorage(database_url)
        first = optuna.load_study(study_name=name, storage=storage).trials[0]
        storage.remove_session()
        storage.engine.dispose()
    finally:
        monkeypatch.undo()
        time.tzset()

    assert first.datetime_start is not None
    assert first.datetime_complete is not None
    second = timedelta(seconds=1)  # databases may round
    assert before - second < first.datetime_start <= first.datetime_complete < after + second


def test_attributes_say_in_short_what_a_trial_is(
    both: tuple[optuna.Study, optuna.Study],
) -> None:
    ours, _ = both
    complete, pruned = ours.trials[0].user_attrs, ours.trials[1].user_attrs

    assert complete["round"] == complete["cohort"] == 0
    assert complete["epochs"] == 3.0
    assert complete["outcome"] == "completed"
    assert complete["origin"] == {"source": "sampler", "sampler": "tpe", "seed": 7, "known": 0}
    assert complete["reports"][0] == {"step": 20, "epoch": 0.2, "value": 0.3, "loss": 0.5}
    assert pruned["stop_reason"] == "weaker than the median"
    assert pruned["ending"]["bar"] == 0.3
    assert ours.user_attrs["dataset"] == "digits"


def test_optuna_can_sample_from_what_we_wrote(both: tuple[optuna.Study, optuna.Study]) -> None:
    ours, _ = both
    ours.sampler = optuna.samplers.TPESampler(seed=1, n_startup_trials=1)

    asked = ours.ask({name: DISTRIBUTIONS[name] for name in ("learning_rate", "optimizer")})

    assert asked.number == len(CASES)


def test_a_running_trial_shows_its_reports_and_ends_with_its_job(database: Database) -> None:
    records = SqlJobStore(database)
    write_ours(database)
    (job,) = records.unfinished()

    records.end(job.id, JobState.CANCELLED, "cancelled by user", 1)

    ended = records.history(job.id).trials[-1]
    assert ended.ending == Ending(Outcome.CANCELLED, "cancelled by user")
    assert [report.value for report in ended.reports] == [0.4]
