"""All that the list of jobs shows."""

from typing import Any
from urllib.parse import urlencode

from api.paths import link
from hpsearch.jobs import Job, JobOrder, JobState
from storage.job_lists import ALL, JobFilter
from storage.user_jobs import Jobs

PAGE = 50  # jobs
ORDER_WORDS = {
    JobOrder.NEWEST: "newest first",
    JobOrder.OLDEST: "oldest first",
    JobOrder.NAME: "by name",
    JobOrder.BEST: "best value first",
    JobOrder.TIME: "longest first",
}


def list_page(jobs: Jobs, wanted: JobFilter, after: str | None) -> dict[str, Any]:
    """The values of the template. Raises InvalidSpec for an `after` that is not a cursor."""
    found, following = jobs.page(wanted, PAGE, after)
    return {
        "jobs": found,
        "following": following and link("/") + "?" + _query(wanted, following),
        "wanted": wanted,
        "sifted": wanted != ALL,
        "states": list(JobState),
        "labels": _with(jobs.labels(), wanted.label),
        "orders": list(JobOrder),
        "order_words": ORDER_WORDS,
        "dataset_of": dataset_of,
    }


def dataset_of(job: Job) -> str:
    """The name of its data set; also of a spec that this version cannot read."""
    given = job.spec_as_json().get("dataset")
    return str(given.get("name", "–") if isinstance(given, dict) else given or "–")


def _with(labels: list[str], chosen: str | None) -> list[str]:
    return labels if chosen is None or chosen in labels else [chosen, *labels]


def _query(wanted: JobFilter, after: str) -> str:
    given = {
        "state": wanted.state and wanted.state.value,
        "text": wanted.text,
        "label": wanted.label,
        "archived": "true" if wanted.archived else None,
        "order": None if wanted.order is JobOrder.NEWEST else wanted.order.value,
        "after": after,
    }
    return urlencode({name: value for name, value in given.items() if value})
