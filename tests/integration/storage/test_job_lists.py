"""Lists of jobs: sifted, sorted and by page, on both databases."""

import pytest

from hpsearch.errors import InvalidSpec, JobStateConflict
from hpsearch.jobs import JobOrder, JobState, RequestedState
from storage.database import Database
from storage.events import EventKind, Events
from storage.job_lists import JobFilter
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from tests.integration.storage.samples import finish, running_job, spec


def names(jobs: Jobs, wanted: JobFilter, limit: int = 50) -> list[str | None]:
    """Of all pages, which together have each job once."""
    found, after = jobs.page(wanted, limit)
    while after is not None:
        more, after = jobs.page(wanted, limit, after)
        found += more
    assert len({view.job.id for view in found}) == len(found)
    return [view.job.name for view in found]


def ended(database: Database, name: str) -> str:
    job = running_job(database, name=name)
    SqlJobStore(database).end(job.id, JobState.COMPLETED, "budget: trials", 3.0)
    return job.id


def test_jobs_are_found_by_a_label_to_the_letter(database: Database) -> None:
    jobs = Jobs(database)
    for name, labels in (("a", ["Züri", "b"]), ("b", ["züri"]), ("c", ["Züri b"]), ("d", [])):
        job, _ = jobs.create(spec(name=name), labels=labels)
        assert jobs.get(job.id).labels == tuple(labels)

    assert names(jobs, JobFilter(label="Züri")) == ["a"]
    assert names(jobs, JobFilter(label="b")) == ["a"]
    assert names(jobs, JobFilter(label="z")) == []
    assert jobs.labels() == ["Züri", "Züri b", "b", "züri"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SÜSS", []),
        ("süß", ["süß 1"]),
        ("THESIS", ["plain"]),
        ("%", []),
        ("lenet", ["plain", "süß 1"]),
        ("pl\0ain", []),
        ("\0", []),
    ],
)
def test_text_is_found_in_names_specs_and_labels(
    database: Database, text: str, found: list[str]
) -> None:
    jobs = Jobs(database)
    jobs.create(spec(name="süß 1"))
    jobs.create(spec(name="plain"), labels=["thesis"])

    assert names(jobs, JobFilter(text=text)) == found


def test_what_is_archived_is_listed_when_asked_for_and_comes_back_when_it_goes_on(
    database: Database,
) -> None:
    jobs = Jobs(database)
    job = ended(database, "old")
    jobs.create(spec(name="new"))

    assert jobs.change(job, archived=True).archived
    assert names(jobs, JobFilter()) == ["new"]
    assert names(jobs, JobFilter(archived=True)) == ["old"]
    version = jobs.version(job)
    jobs.change(job, archived=True)
    assert jobs.version(job) == version  # it is so already
    jobs.change(job, budget={"trials": 100})
    assert names(jobs, JobFilter()) == ["new", "old"]
    kinds = [event.kind for event in Events(database).after(job, 0, 100)]
    assert kinds.count(EventKind.ARCHIVED_CHANGED) == 1


def test_only_what_has_ended_is_archived(database: Database) -> None:
    jobs = Jobs(database)
    job, _ = jobs.create(spec())
    with pytest.raises(JobStateConflict, match="cannot be archived"):
        jobs.change(job.id, archived=True)
    jobs.wish(job.id, RequestedState.CANCEL)
    assert not jobs.get(job.id).archived


def test_labels_are_changed_as_a_whole(database: Database) -> None:
    jobs = Jobs(database)
    job, _ = jobs.create(spec(), labels=["a", "b"])
    assert jobs.change(job.id, labels=["c"]).labels == ("c",)
    assert jobs.change(job.id, labels=[]).labels == ()
    data = [event.data for event in Events(database).after(job.id, 0, 100)]
    assert [each["labels"] for each in data if "labels" in each] == [["c"], []]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_every_order_by_page(database: Database, limit: int) -> None:
    jobs = Jobs(database)
    for name, objective, value, seconds in (
        ("b", "accuracy", 0.5, 1.0),
        ("a", "loss", 0.25, 3.0),
        ("d", "accuracy", 0.75, 3.0),
        ("c", "loss", 0.125, 2.0),
    ):
        job = running_job(database, name=name, objective=objective)
        finish(database, job, {0: value, 1: 0.4})
        SqlJobStore(database).end(job.id, JobState.COMPLETED, "budget: trials", seconds)
    jobs.create(spec(name="0"))

    expected = {
        JobOrder.NEWEST: "0cdab",
        JobOrder.OLDEST: "badc0",
        JobOrder.NAME: "0abcd",
        JobOrder.BEST: "dbca0",
        JobOrder.TIME: "dacb0",
    }
    for order, found in expected.items():
        assert "".join(map(str, names(jobs, JobFilter(order=order), limit))) == found


@pytest.mark.parametrize("order", JobOrder)
def test_what_is_no_cursor_is_named_in_every_order(database: Database, order: JobOrder) -> None:
    with pytest.raises(InvalidSpec) as caught:
        Jobs(database).page(JobFilter(order=order), after="aaaaaaaaaa")
    assert caught.value.problems[0].field == "after"
