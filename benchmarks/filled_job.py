"""A job of 10,000 completed trials, made up, for measurements of what shows it."""

import random

from hpsearch.history import Cohort, Round
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import FloatParameter, Parameter
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

TRIALS, COHORT = 10_000, 500
SPEC = {"dataset": "digits", "network": "lenet5", "budget": {"trials": TRIALS}}
ORIGIN = Origin("sampler", "tpe", 1, 0)
BOX = FloatParameter(low=1e-3, high=1e3, log=True)
RANGES: dict[str, Parameter] = {"learning_rate": BOX, "weight_decay": BOX}


def fill(database: Database) -> str:
    """A job of completed trials; returns its id."""
    job, _ = Jobs(database).create(parse_spec(SPEC))
    store, draw = SqlJobStore(database), random.Random(1)  # noqa: S311 - not for secrets
    store.start(job.id, {})
    whole = Round(0, RANGES, {}, (), "the whole box", 3.0, (1.0, 2.0, 3.0))
    for cohort in range(TRIALS // COHORT):
        trials = tuple(
            Trial(number, 0, cohort, {n: 10 ** draw.uniform(-3, 3) for n in RANGES}, ORIGIN)
            for number in range(cohort * COHORT, (cohort + 1) * COHORT)
        )
        store.open_cohort(job.id, Cohort(cohort, whole, trials, opens=cohort == 0), 0.0)
        for epoch in (1, 2, 3):
            reports = {t.number: Report(100 * epoch, epoch, draw.random(), 0.3) for t in trials}
            done = Ending(Outcome.COMPLETED, "completed: 3 epochs")
            store.record(job.id, reports, {t.number: done for t in trials if epoch == 3}, 1.0)
    return job.id
