"""Trials as users look at them."""

from dataclasses import replace

import pytest

from hpsearch.errors import InvalidSpec, TrialNotFound
from hpsearch.jobs import Best, Job, Progress
from hpsearch.trial import Ending, Outcome, TrialState
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from storage.user_trials import Order, Trials
from tests.integration.storage.samples import (
    COMPLETED,
    DIVERGED,
    PARAMS,
    cohort,
    finish,
    first_round,
    report,
    running_job,
)


def searched(database: Database) -> Job:
    """Six trials: 0 complete, 1 diverged, 2 and 3 complete with equal values, 4 lost, 5 running."""
    job = running_job(database, size=6, budget={"trials": 10})
    finish(database, job, {0: 0.5, 2: 0.9, 3: 0.9})
    endings = {
        1: Ending(Outcome.DIVERGED, "loss is not finite", iteration=3),
        4: Ending(Outcome.WORKER_LOST, "worker lost"),
    }
    SqlJobStore(database).record(job.id, {1: DIVERGED, 5: report(20, 0.6)}, endings, 3)
    return job


def read_all(trials: Trials, job: Job, order: Order) -> list[int]:
    numbers: list[int] = []
    after = None
    while True:
        page, after = trials.page(job.id, order, limit=2, after=after)
        numbers += [trial.number for trial in page]
        if after is None:
            return numbers


def test_pages_go_through_all_trials_in_order(database: Database) -> None:
    job = searched(database)

    assert read_all(Trials(database), job, "number") == [0, 1, 2, 3, 4, 5]
    assert read_all(Trials(database), job, "value") == [2, 3, 0, 1, 4, 5]


@pytest.mark.parametrize("number", [3, 5])
def test_a_trial_that_completes_between_two_pages_is_neither_left_out_nor_doubled(
    database: Database, number: int
) -> None:
    """Above or below the cursor: to the pages it is still one of the others."""
    job = running_job(database, size=6)
    finish(database, job, {0: 0.5, 1: 0.4, 2: 0.9})
    trials = Trials(database)
    first, after = trials.page(job.id, "value", limit=2)
    finish(database, job, {number: 0.95, 4: 0.1})  # above the cursor, and below it
    SqlJobStore(database).open_cohort(job.id, cohort(job.spec, index=1, size=6), seconds=1)
    numbers = [trial.number for trial in first]
    while after is not None:
        page, after = trials.page(job.id, "value", limit=2, after=after)
        numbers += [trial.number for trial in page]

    assert numbers == [2, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    again = read_all(trials, job, "value")
    assert again[:2] == [number, 2]
    assert sorted(again) == list(range(12))


def test_a_page_holds_the_trials_of_the_history(database: Database) -> None:
    job = searched(database)
    page, after = Trials(database).page(job.id, limit=6)

    history = SqlJobStore(database).history(job.id)

    assert after is None
    assert repr(tuple(page)) == repr(history.trials)  # NaN differs from itself, its text does not
    assert repr(Trials(database).get(job.id, 1)) == repr(history.trials[1])


@pytest.mark.parametrize(
    "after", ["", "x", "\0", "\ud800", "MTIzNDU2Nzg5MDEyMzQ1", "MSBuYW4", "LTE"]
)
def test_what_is_no_cursor_is_named(database: Database, after: str) -> None:
    job = running_job(database)
    with pytest.raises(InvalidSpec) as caught:
        Trials(database).page(job.id, "value", after=after)

    assert caught.value.problems[0].field == "after"


@pytest.mark.parametrize("number", [-1, 2, 2**31, 2**63, 10**30])
def test_a_trial_that_is_not_there_is_said_so(database: Database, number: int) -> None:
    job = running_job(database)
    with pytest.raises(TrialNotFound):
        Trials(database).get(job.id, number)


def test_the_best_are_complete_and_the_lower_number_comes_first(database: Database) -> None:
    job = searched(database)

    assert Trials(database).best(job.id, limit=9) == [
        Best(2, 0.9, PARAMS),
        Best(3, 0.9, PARAMS),
        Best(0, 0.5, PARAMS),
    ]
    assert Trials(database).best(job.id) == [Best(2, 0.9, PARAMS)]


def test_of_losses_the_smallest_is_best(database: Database) -> None:
    job = running_job(database, size=5, objective="loss")
    finish(database, job, {0: 0.5, 2: 0.9, 3: 0.2, 4: 0.5})
    assert [best.number for best in Trials(database).best(job.id, limit=9)] == [3, 0, 4, 2]
    assert read_all(Trials(database), job, "value") == [3, 0, 4, 2, 1]


def test_a_job_without_a_complete_trial_has_no_best(database: Database) -> None:
    assert Trials(database).best(running_job(database).id) == []


def test_progress_counts_trials_by_state(database: Database) -> None:
    job = searched(database)

    progress = Jobs(database).look(job.id).progress

    assert progress.epochs == pytest.approx(3 * 0.4 + 2 * 0.2)
    assert replace(progress, epochs=0.0) == Progress(
        planned=10,
        running=1,
        complete=3,
        pruned=1,
        failed=1,
        stopped=0,
        round=1,
        rounds=3,
        epochs=0.0,
    )


def test_rounds_come_back_as_they_were(database: Database) -> None:
    job = running_job(database)

    assert Trials(database).rounds(job.id) == [first_round(job.spec)]


def test_jobs_do_not_see_each_others_trials(database: Database) -> None:
    first, second = searched(database), running_job(database, seed=2)

    assert Trials(database).get(second.id, 0).state is TrialState.RUNNING
    assert read_all(Trials(database), second, "value") == [0, 1]
    assert Jobs(database).look(second.id).progress.complete == 0
    assert Jobs(database).look(first.id).study_id != Jobs(database).look(second.id).study_id


def test_a_job_says_how_often_its_control_group_was_cut_in_error(database: Database) -> None:
    job = running_job(database, size=5, pruner={"name": "median", "control": 0.5})
    finish(database, job, {0: 0.5, 1: 0.7, 2: 0.8})
    spared = replace(COMPLETED, bar=0.6, compared=5)
    reports = {3: report(40, 0.75), 4: report(40, 0.3)}
    SqlJobStore(database).record(job.id, reports, dict.fromkeys(reports, spared), 3)

    found = Jobs(database).look(job.id).pruning_errors
    assert found is not None
    assert (found.spared, found.in_error, found.above_best) == (2, 1, 0)
    assert [view.pruning_errors for view in Jobs(database).page()[0]] == [found]
    assert Jobs(database).look(running_job(database).id).pruning_errors is None
