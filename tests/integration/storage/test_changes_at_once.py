"""Of changes that several people make at the same moment, none is lost."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpsearch.errors import InvalidSpec, VersionConflict
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.integration.storage.samples import cohort, running_job, spec

PAIRS = 60


def side_by_side(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Call all at the same moment, each in a thread; returns what they answered or raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        gate.wait()
        try:
            return call()
        except VersionConflict as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_of_pairs_of_changes_to_different_fields_none_is_lost(database: Database) -> None:
    """The old way, to read and merge in one transaction and write in another, lost 55 of 60."""
    jobs = Jobs(database)
    job, _ = jobs.create(spec(budget={"trials": 5}))
    lost = []
    for pair in range(1, PAIRS + 1):
        side_by_side(
            [
                lambda pair=pair: jobs.change(job.id, {"epochs": 100.0 + pair}),  # type: ignore[misc]  # a default binds it
                lambda pair=pair: jobs.change(job.id, {"patience": pair}, priority=float(pair)),  # type: ignore[misc]
            ]
        )
        changed = jobs.get(job.id)
        budget = changed.spec.budget
        if (budget.epochs, budget.patience, changed.priority) != (100.0 + pair, pair, pair):
            lost.append(pair)

    assert lost == []


def test_of_two_changes_meant_for_the_same_version_one_is_refused(database: Database) -> None:
    jobs = Jobs(database)
    job, _ = jobs.create(spec())
    for trials in range(1, 11):
        versions = {jobs.version(job.id)}
        answers = side_by_side(
            [
                lambda: jobs.change(job.id, {"trials": trials}, versions=versions),  # noqa: B023 - called within the turn
                lambda: jobs.change(job.id, {"trials": 100 + trials}, versions=versions),  # noqa: B023
            ]
        )
        assert sum(isinstance(answer, VersionConflict) for answer in answers) == 1


def test_a_change_is_made_whole_or_not_at_all(database: Database) -> None:
    jobs = Jobs(database)
    job = running_job(database)
    with pytest.raises(InvalidSpec) as caught:
        jobs.change(job.id, {"trials": 0}, priority=7)

    assert [problem.field for problem in caught.value.problems] == ["budget.trials"]
    assert jobs.get(job.id) == job


def test_a_budget_that_trials_began_under_is_kept_for_audits(database: Database) -> None:
    jobs, store = Jobs(database), SqlJobStore(database)
    searched = spec(budget={"trials": 5})
    job, _ = jobs.create(searched)
    store.start(job.id, {})
    jobs.change(job.id, {"trials": 7})
    assert jobs.get(job.id).earlier_budgets == ()
    store.open_cohort(job.id, cohort(searched), 0.0)
    jobs.change(job.id, {"trials": 7})
    jobs.change(job.id, {"trials": 9})
    jobs.change(job.id, {"trials": 8})
    (kept,) = jobs.get(job.id).earlier_budgets
    assert (kept.budget.trials, kept.until) == (7, 2)
