"""Which wishes a job's state allows: the whole table."""

from datetime import UTC, datetime

import pytest

from hpsearch.errors import JobStateConflict
from hpsearch.jobs import Job, JobState, Wish
from hpsearch.spec.search import parse_spec
from storage import wishes

SPEC = parse_spec({"dataset": "digits", "network": "lenet5"})
LIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
ENDED = (JobState.COMPLETED, JobState.CANCELLED, JobState.FAILED)


def job(state: JobState, wish: Wish) -> Job:
    return Job("aaaaaaaaaa", SPEC, state, wish, "search-aaaaaaaaaa", datetime.now(UTC))


@pytest.mark.parametrize("state", LIVE)
def test_a_live_job_follows_every_wish_but_none_after_a_cancel(state: JobState) -> None:
    for held in (Wish.RUN, Wish.PAUSE):
        for wish in Wish:
            assert wishes.changes(job(state, held), wish) == (wish is not held)
    assert not wishes.changes(job(state, Wish.CANCEL), Wish.CANCEL)
    for wish in (Wish.RUN, Wish.PAUSE):
        with pytest.raises(JobStateConflict, match="being cancelled"):
            wishes.changes(job(state, Wish.CANCEL), wish)


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("held", Wish)
@pytest.mark.parametrize("wish", Wish)
def test_an_ended_job_follows_none(state: JobState, held: Wish, wish: Wish) -> None:
    if (state, wish) == (JobState.CANCELLED, Wish.CANCEL):
        assert not wishes.changes(job(state, held), wish)
        return
    with pytest.raises(JobStateConflict, match=f"is {state.value}: it cannot be "):
        wishes.changes(job(state, held), wish)
