"""Jobs as users make and steer them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, event, func, select

from hpsearch.errors import (
    EnqueuedTrialsLimit,
    IdempotencyConflict,
    InvalidSpec,
    JobNotFound,
    JobStateConflict,
)
from hpsearch.jobs import ID_ALPHABET, JobState, RequestedState
from hpsearch.spec.parts import Budget
from storage import user_jobs as module
from storage.database import Database
from storage.job_lists import JobFilter
from storage.job_store import SqlJobStore
from storage.rows import optuna_tables
from storage.user_jobs import Jobs
from storage.user_trials import Trials
from tests.integration.storage.samples import cohort, finish, running_job, spec

STRANGE_IDS = [
    "",
    "1",
    "\ud800",
    "a" * 10_000,
    "AAAAAAAAAA",
    "aaaaaaaa\0a",
    "aaaaaaaaaa\n",
    "' OR 1",
]


def test_a_new_job_is_queued_and_comes_back_as_it_is(database: Database) -> None:
    job, new = Jobs(database).create(spec(name="first"), priority=2.5)

    assert new
    assert (job.state, job.wish, job.priority) == (JobState.QUEUED, RequestedState.RUN, 2.5)
    assert job.spec == spec(name="first")
    assert job.study == f"first-{job.id}"
    assert set(job.id) <= set(ID_ALPHABET)
    assert job.created_at.tzinfo is not None
    assert Jobs(database).get(job.id) == job


@pytest.mark.parametrize(
    ("name", "study"),
    [(None, "search"), ("a\0b\nc", "a b c"), ("süß 🙂", "süß 🙂"), ("%/:?#", "%/:?#")],
)
def test_any_name_can_be_given(database: Database, name: str | None, study: str) -> None:
    job, _ = Jobs(database).create(spec(name=name))

    assert job.study == f"{study}-{job.id}"
    assert Jobs(database).get(job.id).spec.name == name


@pytest.mark.parametrize("job_id", STRANGE_IDS)
def test_what_is_no_id_is_no_job(database: Database, job_id: str) -> None:
    jobs, trials = Jobs(database), Trials(database)
    for call in (jobs.get, jobs.look, jobs.version, trials.rounds):
        with pytest.raises(JobNotFound):
            call(job_id)


def test_the_same_key_and_body_give_the_same_job(database: Database) -> None:
    jobs = Jobs(database)
    job, new = jobs.create(spec(), idempotency_key="key \0 \ud800")
    again, again_new = jobs.create(spec(), idempotency_key="key \0 \ud800")
    other, other_new = jobs.create(spec(), idempotency_key="another")

    assert (new, again_new, other_new) == (True, False, True)
    assert again == job
    assert other.id != job.id
    assert len(jobs.page()[0]) == 2


@pytest.mark.parametrize(
    ("seed", "priority", "warm"), [(1, 1.0, False), (0, 2.0, False), (0, 1.0, True)]
)
def test_the_same_key_with_another_body_is_refused(
    database: Database, seed: int, priority: float, warm: bool
) -> None:
    jobs = Jobs(database)
    first, _ = jobs.create(spec(), idempotency_key="key")
    warm_start = [first.id] if warm else []

    with pytest.raises(IdempotencyConflict, match="'key' was used before"):
        jobs.create(spec(seed=seed), "key", warm_start, priority)

    assert len(jobs.page()[0]) == 1


def test_the_same_job_comes_back_though_its_budget_has_changed(database: Database) -> None:
    jobs = Jobs(database)
    job, _ = jobs.create(spec(), idempotency_key="key")
    changed = jobs.change(job.id, {"trials": 7})

    assert jobs.create(spec(), idempotency_key="key") == (changed, False)


def test_of_many_with_the_same_key_at_once_one_makes_the_job(database: Database) -> None:
    results = at_once(8, lambda: Jobs(database).create(spec(), idempotency_key="key"))

    assert len({job.id for job, _ in results}) == 1
    assert sorted(new for _, new in results) == [False] * 7 + [True]
    with database.read() as connection:
        studies = select(func.count()).select_from(optuna_tables.studies)
        assert connection.execute(studies).scalar_one() == 1


def test_a_key_whose_job_could_not_be_made_is_free_again(database: Database) -> None:
    jobs = Jobs(database)
    with pytest.raises(JobNotFound):
        jobs.create(spec(), idempotency_key="key", warm_start=["aaaaaaaaaa"])

    assert jobs.create(spec(), idempotency_key="key")[1]


def test_jobs_are_listed_newest_first_and_by_page(database: Database) -> None:
    jobs = Jobs(database)
    ids = [jobs.create(spec(seed=seed))[0].id for seed in range(5)]

    first, after = jobs.page(limit=2)
    ids += [jobs.create(spec(seed=9))[0].id]  # what comes later moves no page
    second, then = jobs.page(limit=2, after=after)
    third, end = jobs.page(limit=2, after=then)

    assert [view.job.id for view in (*first, *second, *third)] == ids[4::-1]
    assert end is None


def test_jobs_are_listed_by_state(database: Database) -> None:
    jobs = Jobs(database)
    running = running_job(database)
    queued, _ = jobs.create(spec())

    assert [view.job for view in jobs.page(JobFilter(JobState.RUNNING))[0]] == [running]
    assert [view.job for view in jobs.page(JobFilter(JobState.QUEUED))[0]] == [queued]
    assert jobs.page(JobFilter(JobState.FAILED)) == ([], None)


def test_a_look_takes_three_statements_and_so_does_a_list(database: Database) -> None:
    jobs = Jobs(database)
    for seed in range(5):
        job = running_job(database, seed=seed, objective="loss" if seed % 2 else "accuracy")
        finish(database, job, {0: 0.5, 1: 0.25})

    with counted_statements() as sent:
        views, _ = jobs.page()
    listed = len(sent)
    with counted_statements() as sent:
        looks = [jobs.look(view.job.id) for view in views]

    with counted_statements() as sent_again:
        assert [jobs.look(view.job.id) for view in views] == looks

    assert listed == 3
    assert len(sent) == 4 * len(views)  # the version first
    assert len(sent_again) == len(views)  # nothing has changed
    assert looks == views
    assert [view.best.value for view in views if view.best] == [0.5, 0.25, 0.5, 0.25, 0.5]
    assert all(view.best == Trials(database).best(view.job.id)[0] for view in views)


@pytest.mark.parametrize("after", STRANGE_IDS)
def test_what_is_no_cursor_is_named(database: Database, after: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        Jobs(database).page(after=after)

    assert caught.value.problems[0].field == "after"


def test_a_job_that_failed_through_an_error_goes_on_with_what_it_has(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)
    finish(database, job, {0: 0.9})
    records.end(job.id, JobState.FAILED, "internal error: KeyError('x')", 2.0)
    before = records.history(job.id)

    resumed = jobs.wish(job.id, RequestedState.RUN)

    assert (resumed.state, resumed.wish) == (JobState.QUEUED, RequestedState.RUN)
    assert (resumed.stop_reason, resumed.finished_at) == (None, None)
    assert records.history(job.id).trials == before.trials
    assert [each.id for each in records.unfinished()] == [job.id]


def test_wishes_follow_the_states_that_allow_them(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)

    paused = jobs.wish(job.id, RequestedState.PAUSE)
    again = jobs.wish(job.id, RequestedState.PAUSE)
    records.pause(job.id, 1)
    resumed = jobs.wish(job.id, RequestedState.RUN)
    cancelled = jobs.wish(job.id, RequestedState.CANCEL)

    assert [paused.wish, resumed.wish, cancelled.wish] == [
        RequestedState.PAUSE,
        RequestedState.RUN,
        RequestedState.CANCEL,
    ]
    assert again == paused
    assert paused.version == job.version + 1
    assert cancelled == jobs.get(job.id)
    with pytest.raises(JobStateConflict, match="being cancelled: it cannot be resumed now"):
        jobs.wish(job.id, RequestedState.RUN)
    records.end(job.id, JobState.CANCELLED, "cancelled by user", 1)
    assert jobs.wish(job.id, RequestedState.CANCEL).state is JobState.CANCELLED
    with pytest.raises(JobStateConflict, match="is cancelled: it cannot be paused now"):
        jobs.wish(job.id, RequestedState.PAUSE)


@pytest.mark.parametrize("state", [JobState.COMPLETED, JobState.CANCELLED])
def test_a_job_that_ended_goes_on_with_another_budget(database: Database, state: JobState) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)
    jobs.wish(job.id, RequestedState.CANCEL)
    records.end(job.id, state, "budget: trials", 3)

    changed = jobs.change(job.id, {"trials": 99, "target": 0.9})

    assert changed.spec.budget == Budget(trials=99, target=0.9)
    assert changed.spec.model_copy(update={"budget": job.spec.budget}) == job.spec
    assert (changed.state, changed.wish) == (JobState.QUEUED, RequestedState.RUN)
    assert (changed.stop_reason, changed.finished_at) == (None, None)
    assert changed.seconds == 3
    assert [known.id for known in records.unfinished()] == [job.id]


def test_the_budget_of_a_running_job_changes_and_that_of_a_failed_one_does_not(
    database: Database,
) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)

    assert jobs.change(job.id, {"trials": 3}).state is JobState.RUNNING
    records.end(job.id, JobState.FAILED, "no such data set", 3)
    with pytest.raises(JobStateConflict, match="is failed: it cannot take another budget"):
        jobs.change(job.id, {"trials": 4})


def test_a_priority_can_be_changed(database: Database) -> None:
    job, _ = Jobs(database).create(spec())

    changed = Jobs(database).change(job.id, priority=3)

    assert changed.priority == 3
    assert changed == Jobs(database).get(job.id)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"dropout": 0.5}, "params.dropout"),
        ({"optimizer": "adagrad"}, "params.optimizer"),
        ({"optimizer": 1}, "params.optimizer"),
        ({"learning_rate": 1e4}, "params.learning_rate"),
        ({"learning_rate": float("nan")}, "params.learning_rate"),
        ({"learning_rate": "fast"}, "params.learning_rate"),
        ({"learning_rate": True}, "params.learning_rate"),
        ({"batch_size": 30.5}, "params.batch_size"),
        ({"batch_size": 9}, "params.batch_size"),
    ],
)
def test_parameters_that_cannot_be_tried_are_refused_by_name(
    database: Database, params: dict[str, Any], field: str
) -> None:
    job, _ = Jobs(database).create(spec())

    with pytest.raises(InvalidSpec) as caught:
        Jobs(database).enqueue(job.id, params)

    assert [problem.field for problem in caught.value.problems] == [field]
    assert SqlJobStore(database).history(job.id).enqueued == ()


def test_an_ended_job_takes_no_more_trials(database: Database) -> None:
    job = running_job(database)
    SqlJobStore(database).end(job.id, JobState.COMPLETED, "budget: trials", 1)

    with pytest.raises(JobStateConflict, match="is completed: it cannot take a trial"):
        Jobs(database).enqueue(job.id, {"learning_rate": 0.1})


def test_no_more_trials_wait_than_may(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENQUEUED", 3)
    jobs, job = Jobs(database), running_job(database)
    for _ in range(3):
        jobs.enqueue(job.id, {"learning_rate": 0.1})

    with pytest.raises(EnqueuedTrialsLimit, match="3 enqueued trials"):
        jobs.enqueue(job.id, {"learning_rate": 0.1})

    SqlJobStore(database).open_cohort(job.id, cohort(job.spec, index=1, taken=2), 1.0)
    jobs.enqueue(job.id, {"learning_rate": 0.1})


def test_a_digest_is_kept_until_the_job_goes_on(database: Database) -> None:
    jobs, store = Jobs(database), SqlJobStore(database)
    job = running_job(database)
    jobs.keep_digest(replace(job, version=job.version - 1), "0" * 64)
    assert jobs.digest(job.id) is None
    store.end(job.id, JobState.COMPLETED, "budget: trials", 3)
    ended = jobs.get(job.id)
    jobs.keep_digest(ended, "1" * 64)
    assert jobs.digest(job.id) == "1" * 64
    jobs.change(job.id, {"trials": 99})
    store.end(job.id, JobState.COMPLETED, "budget: trials", 4)
    assert jobs.digest(job.id) is None


def test_every_change_counts_the_version_up(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database)
    seen = [job.version]
    changes: list[Callable[[], object]] = [
        lambda: jobs.enqueue(job.id, {"learning_rate": 0.1}),
        lambda: jobs.change(job.id, priority=2),
        lambda: jobs.change(job.id, {"trials": 3}),
        lambda: records.record(job.id, {}, {}, 2),
        lambda: jobs.wish(job.id, RequestedState.PAUSE),
        lambda: records.pause(job.id, 2),
        lambda: records.end(job.id, JobState.FAILED, "x", 2),
    ]
    for change in changes:
        change()
        seen.append(jobs.get(job.id).version)

    assert seen == sorted(set(seen))


def test_wishes_and_records_at_once_lose_nothing(database: Database) -> None:
    job = running_job(database)
    before = Jobs(database).get(job.id).version

    at_once(8, lambda: Jobs(database).enqueue(job.id, {"learning_rate": 0.1}))

    assert Jobs(database).get(job.id).version == before + 8
    assert len(SqlJobStore(database).history(job.id).enqueued) == 8


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that are sent to any database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


Result = TypeVar("Result")


def at_once(times: int, call: Callable[[], Result]) -> list[Result]:
    """Call from so many threads at the same moment."""
    gate = threading.Barrier(times)

    def run(_: int) -> Result:
        gate.wait()
        return call()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))
