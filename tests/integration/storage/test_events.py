"""Events tell everything that happened, in order and once."""

import threading

from hpsearch.jobs import JobState, RequestedState
from hpsearch.trial import Ending, Outcome
from storage.database import Database
from storage.events import Event, EventKind, Events
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.integration.storage.samples import DIVERGED, report, running_job, spec


def told(events: list[Event]) -> list[tuple[str, object]]:
    return [(event.kind.value, event.data.get("number")) for event in events]


def test_a_job_tells_what_happens_to_it(database: Database) -> None:
    jobs, records = Jobs(database), SqlJobStore(database)
    job = running_job(database, name="told")
    ended = Ending(Outcome.DIVERGED, "loss is not finite", iteration=3)
    records.record(job.id, {0: report(20, 0.5), 1: DIVERGED}, {1: ended}, 1)
    jobs.wish(job.id, RequestedState.CANCEL)
    records.end(job.id, JobState.CANCELLED, "cancelled by user", 1)

    events = Events(database).after(job.id, 0, limit=100)

    assert told(events) == [
        ("job_created", None),
        ("state_changed", None),
        ("round_opened", None),
        ("trial_started", 0),
        ("trial_started", 1),
        ("trial_reported", 0),
        ("trial_reported", 1),
        ("trial_ended", 1),
        ("wish_changed", None),
        ("trial_ended", 0),
        ("state_changed", None),
    ]
    assert events[0].data == {"name": "told"}
    assert events[5].data == {"number": 0, "step": 20, "epoch": 0.2, "value": 0.5, "loss": 0.25}
    assert events[6].data["loss"] is None
    assert events[7].data["outcome"] == "diverged"
    assert events[-1].data == {"state": "cancelled", "stop_reason": "cancelled by user"}
    assert events[0].at <= events[-1].at
    assert events[0].at.tzinfo is not None


def test_events_resume_after_any_of_them(database: Database) -> None:
    job = running_job(database)
    running_job(database, seed=2)
    every = Events(database).after(job.id, 0, limit=100)

    for index, event in enumerate(every):
        assert Events(database).after(job.id, event.id, limit=100) == every[index + 1 :]
    assert Events(database).after(job.id, 0, limit=2) == every[:2]
    assert Events(database).last_id(job.id) == every[-1].id
    for far in (2**63 - 1, 2**63, 10**30):
        assert Events(database).after(job.id, far, limit=2) == []
    assert Events(database).after(job.id, -1, limit=2) == every[:2]


def test_recording_twice_tells_once(database: Database) -> None:
    records = SqlJobStore(database)
    job = running_job(database)
    records.record(job.id, {0: report(20, 0.5)}, {}, 1)
    records.start(job.id, {})
    before = Events(database).last_id(job.id)

    records.record(job.id, {0: report(20, 0.5)}, {}, 1)
    records.start(job.id, {})

    assert Events(database).last_id(job.id) == before


def test_a_reader_misses_nothing_while_many_write(database: Database) -> None:
    jobs = Jobs(database)
    job, _ = jobs.create(spec())
    writers = [
        threading.Thread(
            target=lambda: [jobs.enqueue(job.id, {"learning_rate": 0.1}) for _ in range(10)]
        )
        for _ in range(3)
    ]
    for writer in writers:
        writer.start()
    seen: list[Event] = []
    while len(seen) < 31:
        seen += Events(database).after(job.id, seen[-1].id if seen else 0, limit=3)
    for writer in writers:
        writer.join()

    assert seen == Events(database).after(job.id, 0, limit=100)
    assert [event.kind for event in seen[1:]] == [EventKind.TRIAL_ENQUEUED] * 30
