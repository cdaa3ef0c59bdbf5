"""The dispatcher's view: everything comes back as it was recorded, and once only."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from hpsearch.baseline import Baseline
from hpsearch.errors import DataChanged, JobNotFound, JobStateConflict, OtherTrials
from hpsearch.history import Cohort, Confirmation, DataHashes, History, Stage
from hpsearch.jobs import JobState, RequestedState
from hpsearch.runner.ports import JobStore
from hpsearch.spec.space import Value
from hpsearch.trial import Ending, Outcome, Report, TrialState
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.integration.storage.samples import (
    COMPLETED,
    DIVERGED,
    cohort,
    finish,
    first_round,
    report,
    running_job,
    spec,
    trial,
)


def test_it_is_what_the_runner_asks_for(database: Database) -> None:
    store: JobStore = SqlJobStore(database)

    assert store.unfinished() == []


def test_an_opened_cohort_comes_back_as_it_was(database: Database) -> None:
    job = running_job(database)

    history = SqlJobStore(database).history(job.id)

    assert history == History(
        trials=cohort(job.spec).trials, rounds=(first_round(job.spec),), seconds=1.0
    )


def test_parameters_keep_their_values_and_types(database: Database) -> None:
    records = SqlJobStore(database)
    searched = spec(
        space={
            "learning_rate": {"type": "float", "low": 1e-3, "high": 1e3},
            "batch_size": {"type": "int", "low": 1, "high": 60_000},
            "optimizer": {"choices": ["sgd", "adam"]},
            "batch_norm": {"choices": [False, True]},
        }
    )
    params: dict[str, Value] = {
        "learning_rate": 0.1 + 0.2,
        "batch_size": 59_999,
        "optimizer": "adam",
        "batch_norm": True,
    }
    job, _ = Jobs(database).create(searched)
    opened = Cohort(0, first_round(searched), (trial(0, params=params),), opens=True)

    records.open_cohort(job.id, opened, seconds=0.0)

    found = records.history(job.id).trials[0].params
    assert found == params
    assert {name: type(value) for name, value in found.items()} == {
        "learning_rate": float,
        "batch_size": int,
        "optimizer": str,
        "batch_norm": bool,
    }


def test_reports_and_endings_come_back_as_they_were(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database, size=3)
    pruned = Ending(
        Outcome.PRUNED, "weaker than the median", step=20, value=0.3, bar=0.5, compared=6
    )
    diverged = Ending(Outcome.DIVERGED, "loss is not finite", step=20, iteration=17)

    records.record(job.id, {0: report(20, 0.3), 1: DIVERGED, 2: report(20, 0.7, math.inf)}, {}, 2)
    records.record(job.id, {2: report(40, 0.8)}, {0: pruned, 1: diverged, 2: COMPLETED}, 3)

    first, second, third = records.history(job.id).trials
    assert (first.reports, first.ending) == ((report(20, 0.3),), pruned)
    assert first.state is TrialState.PRUNED
    assert math.isnan(second.reports[0].value)
    assert math.isnan(second.reports[0].loss)
    assert second.ending == diverged
    assert third.reports == (report(20, 0.7, math.inf), report(40, 0.8))
    assert (third.state, third.value, third.ending) == (TrialState.COMPLETE, 0.8, COMPLETED)
    assert records.history(job.id).seconds == 3


def test_recording_twice_changes_nothing(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    reports = {0: report(20, 0.3), 1: report(20, 0.4)}
    records.record(job.id, reports, {0: COMPLETED}, 2)
    once = records.history(job.id)

    records.record(job.id, reports, {0: COMPLETED}, 2)
    records.open_cohort(job.id, cohort(job.spec), seconds=2)

    assert records.history(job.id) == once


def test_what_was_reported_first_stays(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    records.record(job.id, {0: report(20, 0.3)}, {}, 2)
    records.record(job.id, {0: report(20, 0.9)}, {0: COMPLETED}, 2)
    records.record(job.id, {0: report(40, 0.9)}, {0: Ending(Outcome.WORKER_LOST, "late")}, 2)

    found = records.history(job.id).trials[0]

    assert found.reports == (report(20, 0.3),)
    assert found.ending == COMPLETED


def test_a_cohort_of_other_trials_under_the_same_numbers_is_refused(database: Database) -> None:
    job = running_job(database)
    other = Cohort(1, first_round(job.spec), (trial(1, cohort=1), trial(2, cohort=1)))

    with pytest.raises(OtherTrials, match="trials 1 to 2 of job"):
        SqlJobStore(database).open_cohort(job.id, other, seconds=1)

    assert len(SqlJobStore(database).history(job.id).trials) == 2


def test_ending_a_job_cancels_what_runs(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    finish(database, job, {0: 0.9})

    records.end(job.id, JobState.CANCELLED, "cancelled by user", 7.5)

    ended = records.job(job.id)
    first, second = records.history(job.id).trials
    assert (ended.state, ended.stop_reason) == (JobState.CANCELLED, "cancelled by user")
    assert ended.seconds == 7.5
    assert ended.finished_at is not None
    assert first.ending == COMPLETED
    assert second.ending == Ending(Outcome.CANCELLED, "cancelled by user")
    assert records.unfinished() == []


def test_a_job_whose_budget_has_changed_is_not_ended_for_the_old_one(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    changed = Jobs(database).change(job.id, {"trials": 99})

    assert not records.end(job.id, JobState.COMPLETED, "budget: trials", 3, job.spec.budget)
    assert records.job(job.id) == changed
    assert records.end(job.id, JobState.COMPLETED, "budget: trials", 3, changed.spec.budget)
    assert records.end(job.id, JobState.COMPLETED, "budget: trials", 3, changed.spec.budget)
    assert records.job(job.id).state is JobState.COMPLETED


def test_an_ended_job_stays_as_it_ended(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    records.end(job.id, JobState.COMPLETED, "budget: trials", 7.5)
    ended = records.job(job.id), records.history(job.id)

    records.end(job.id, JobState.FAILED, "another", 9)
    records.record(job.id, {0: report(20, 0.5)}, {0: COMPLETED}, 9)

    assert (records.job(job.id), records.history(job.id)) == ended
    with pytest.raises(JobStateConflict, match="completed: it cannot start"):
        records.start(job.id, {})
    with pytest.raises(JobStateConflict, match="completed: it cannot open a cohort"):
        records.open_cohort(job.id, cohort(job.spec, index=1), seconds=1)
    with pytest.raises(JobStateConflict, match="completed: it cannot pause"):
        records.pause(job.id, 9)


def test_a_reason_of_any_text_can_be_stored(database: Database) -> None:
    job = running_job(database)

    SqlJobStore(database).end(job.id, JobState.FAILED, "broken \0 \ud800 ü", 1)

    assert SqlJobStore(database).job(job.id).stop_reason == "broken     ü"


def test_start_and_pause_follow_the_job(database: Database) -> None:
    records = SqlJobStore(database)
    job, _ = Jobs(database).create(spec())

    records.start(job.id, {"numpy": "2.4"})
    started = records.job(job.id)
    records.pause(job.id, 3.5)
    records.pause(job.id, 99)
    paused = records.job(job.id)
    records.start(job.id, {"numpy": "3"})
    resumed = records.job(job.id)

    assert (job.state, job.started_at) == (JobState.QUEUED, None)
    assert (started.state, paused.state, resumed.state) == (
        JobState.RUNNING,
        JobState.PAUSED,
        JobState.RUNNING,
    )
    assert paused.seconds == 3.5
    assert resumed.environment == {"numpy": "2.4"}
    assert resumed.started_at == started.started_at


def test_unfinished_jobs_come_oldest_first(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    ids = [jobs.create(spec(seed=seed))[0].id for seed in range(3)]
    records.start(ids[1], {})
    jobs.wish(ids[1], RequestedState.CANCEL)
    records.end(ids[2], JobState.FAILED, "no such data set", 0)

    assert [job.id for job in records.unfinished()] == ids[:2]


def test_enqueued_parameters_wait_until_a_cohort_takes_them(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)
    for rate in (1, 2.0, 3.0):
        jobs.enqueue(job.id, {"learning_rate": rate})

    waiting = records.history(job.id).enqueued
    opened = cohort(job.spec, index=1, taken=2)
    records.open_cohort(job.id, opened, seconds=1)
    records.open_cohort(job.id, opened, seconds=1)

    assert waiting == ({"learning_rate": 1}, {"learning_rate": 2.0}, {"learning_rate": 3.0})
    assert records.history(job.id).enqueued == ({"learning_rate": 3.0},)
    assert records.enqueued(job.id) == ({"learning_rate": 3.0},)
    assert jobs.look(job.id).progress.waiting == 1


def test_prior_trials_are_those_that_had_ended_when_the_job_was_created(
    database: Database,
) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    earlier = running_job(database, size=3)
    finish(database, earlier, {0: 0.5, 2: 0.7})
    later, _ = jobs.create(spec(seed=2), warm_start=[earlier.id])
    finish(database, earlier, {1: 0.9})
    records.open_cohort(earlier.id, cohort(earlier.spec, index=1, size=3), seconds=1)

    prior = records.history(later.id).prior

    assert [(known.number, known.value) for known in prior[0].trials] == [(0, 0.5), (2, 0.7)]
    assert records.job(later.id).warm_start == (earlier.id,)


@pytest.mark.parametrize("call", ["history", "start", "record", "end"])
def test_a_job_that_is_not_there_is_said_so(database: Database, call: str) -> None:
    records = SqlJobStore(database)
    calls: dict[str, Callable[[], object]] = {
        "history": lambda: records.history("aaaaaaaaaa"),
        "start": lambda: records.start("aaaaaaaaaa", {}),
        "record": lambda: records.record("aaaaaaaaaa", {}, {}, 0),
        "end": lambda: records.end("aaaaaaaaaa", JobState.FAILED, "", 0),
    }
    with pytest.raises(JobNotFound):
        calls[call]()


def test_a_long_history_takes_no_more_queries_than_a_short_one(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    short = queries(lambda: records.history(job.id))
    for index in range(1, 30):
        records.open_cohort(job.id, cohort(job.spec, index), seconds=1)

    assert queries(lambda: records.history(job.id)) == short
    assert len(records.history(job.id).trials) == 60
    assert short < 10


def queries(call: Callable[[], object]) -> int:
    """How many statements the call sends to a database."""
    sent: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        call()
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return len(sent)


def test_a_report_of_a_trial_that_nobody_knows_is_dropped(database: Database) -> None:
    job = running_job(database)
    before = SqlJobStore(database).history(job.id)

    SqlJobStore(database).record(job.id, {99: Report(20, 0.2, 0.5, 0.5)}, {}, 1.0)

    assert SqlJobStore(database).history(job.id) == replace(before, seconds=1.0)


def test_the_data_that_a_job_began_with_stays(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    assert records.job(job.id).data is None
    baseline = Baseline((15, 15))
    began = DataHashes("a" * 64, "b" * 64, baseline.sha256())
    records.record_data(job.id, began, baseline)
    records.record_data(job.id, began, baseline)
    assert records.job(job.id).data == began
    with pytest.raises(DataChanged, match="has changed since the job began"):
        records.record_data(job.id, replace(began, dataset="c" * 64), baseline)
    with pytest.raises(DataChanged, match="the split of"):
        records.record_data(job.id, replace(began, split="c" * 64), baseline)
    assert records.job(job.id).data == began


def test_the_hash_of_weights_comes_back(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    reported = {0: replace(report(40, 0.5), weights="d" * 64), 1: report(40, 0.25)}
    records.record(job.id, reported, {}, 1.0)
    trials = records.history(job.id).trials
    assert [trial.reports[0].weights for trial in trials] == ["d" * 64, None]


def test_confirmations_come_back_in_order_and_stand(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    test = Confirmation(Stage.TEST, 1, 0, 80, 20, 100, 0.1, 0.1, report(300, 0.5))
    last = Confirmation(Stage.REPEAT, 1, 4, 64, 16, 100, 0.1, 0.1, replace(DIVERGED, step=300))
    lost = Confirmation(Stage.REPEAT, 0, 0, 64, 16, 100, 0.1, 0.1, None, "worker lost")
    for each in (test, last, lost):
        records.confirm(job.id, each)
    records.confirm(job.id, replace(test, report=report(300, 0.9)))
    assert records.history(job.id).confirmations == (lost, last, test)
