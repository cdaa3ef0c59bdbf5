"""Searches made up for tests of storage."""

import math
from collections.abc import Mapping
from typing import Any

from hpsearch.history import Cohort, Round
from hpsearch.jobs import Job
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.space import Value
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

SPACE: dict[str, Any] = {
    "learning_rate": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
    "momentum": {
        "type": "float",
        "low": 0.5,
        "high": 0.99,
        "step": 0.1,
        "when": {"optimizer": ["momentum"]},
    },
    "batch_size": {"type": "int", "low": 10, "high": 100, "step": 20},
    "optimizer": {"type": "categorical", "choices": ["sgd", "momentum", "adam"]},
}
PARAMS: dict[str, Value] = {"learning_rate": 0.1, "batch_size": 30, "optimizer": "adam"}
COMPLETED = Ending(Outcome.COMPLETED, "trained to the end", step=300)


def spec(**fields: Any) -> SearchSpec:
    given = {"dataset": "digits", "network": "lenet5", "space": SPACE, "weight_decay": 0.001}
    return parse_spec({**given, **fields})


def first_round(of: SearchSpec, index: int = 0) -> Round:
    return Round(
        index=index,
        ranges=of.space,
        before=of.space,
        evidence=(),
        reason="the whole box",
        epochs=0.4,
        report_epochs=(0.2, 0.4),
        advice=("the best learning rates lie at the lower end of your range",),
    )


def trial(number: int, cohort: int = 0, params: Mapping[str, Value] | None = None) -> Trial:
    origin = Origin("sampler", "tpe", seed=number + 7, known=number)
    return Trial(number, 0, cohort, PARAMS if params is None else params, origin)


def cohort(of: SearchSpec, index: int = 0, size: int = 2, taken: int = 0) -> Cohort:
    trials = tuple(trial(index * size + i, index) for i in range(size))
    return Cohort(index, first_round(of), trials, opens=index == 0, taken=taken)


def report(step: int, value: float, loss: float = 0.25) -> Report:
    return Report(step, step / 100, value, loss)


DIVERGED = Report(20, 0.2, math.nan, math.nan)


def running_job(database: Database, size: int = 2, **fields: Any) -> Job:
    """A job that runs, with a first cohort of trials."""
    records = SqlJobStore(database)
    job, _ = Jobs(database).create(spec(**fields))
    records.start(job.id, {"numpy": "2"})
    records.open_cohort(job.id, cohort(job.spec, size=size), seconds=1.0)
    return records.job(job.id)


def finish(database: Database, job: Job, values: Mapping[int, float]) -> None:
    """End trials as complete, with these values."""
    reports = {number: report(40, value) for number, value in values.items()}
    endings = dict.fromkeys(values, COMPLETED)
    SqlJobStore(database).record(job.id, reports, endings, seconds=2.0)
