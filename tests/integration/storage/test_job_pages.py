"""What the pages of a job are drawn from, on both databases."""

from hpsearch.history import Confirmation, Stage
from storage.database import Database
from storage.job_pages import JobPages
from storage.job_store import SqlJobStore
from tests.integration.storage.samples import finish, report, running_job


def test_a_sample_by_rank_has_those_beside_that_were_trained_again(database: Database) -> None:
    """They need not be among the best by value. All trials, where it is not clear who they are."""
    job = running_job(database, size=6, confirm={"top": 2, "repeats": 2})
    finish(database, job, {number: 0.9 - number / 10 for number in range(6)})
    store, pages = SqlJobStore(database), JobPages(database)
    found = [_confirmed(pages, job.id)]
    for number in (4, 5, 3):
        again = Confirmation(Stage.REPEAT, number, 0, 80, 20, 9, 0.1, 0.1, report(300, 0.5))
        store.confirm(job.id, again)
        found.append(_confirmed(pages, job.id))
    everyone = list(range(6))
    assert found == [[], everyone, [4, 5], everyone]


def _confirmed(pages: JobPages, job_id: str) -> list[int]:
    sheet = pages.read(job_id, limit=2)
    assert len(sheet.trials) == 2
    assert sheet.confirmed == pages.course(job_id).confirmed
    return [each.number for each in sheet.confirmed]
