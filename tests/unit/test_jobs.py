"""What a job's state allows, and what its progress says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.bodies import parse_clone
from hpsearch.errors import JobStateConflict, TrialsGone
from hpsearch.history import TOO_MANY_FAILURES
from hpsearch.jobs import Job, JobState, Progress, RequestedState
from hpsearch.spec.search import parse_spec

SPEC = parse_spec({"dataset": "digits", "network": "lenet5"})
LIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
ENDED = (JobState.COMPLETED, JobState.CANCELLED, JobState.FAILED)


def job(state: JobState, wish: RequestedState) -> Job:
    return Job("aaaaaaaaaa", SPEC, state, wish, "search-aaaaaaaaaa", datetime.now(UTC))


@pytest.mark.parametrize("state", LIVE)
def test_a_live_job_follows_every_wish_but_none_after_a_cancel(state: JobState) -> None:
    for held in (RequestedState.RUN, RequestedState.PAUSE):
        for wish in RequestedState:
            assert job(state, held).changes_with(wish) == (wish is not held)
    assert not job(state, RequestedState.CANCEL).changes_with(RequestedState.CANCEL)
    for wish in (RequestedState.RUN, RequestedState.PAUSE):
        with pytest.raises(JobStateConflict, match="being cancelled"):
            job(state, RequestedState.CANCEL).changes_with(wish)


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("held", RequestedState)
@pytest.mark.parametrize("wish", RequestedState)
def test_an_ended_job_follows_none(
    state: JobState, held: RequestedState, wish: RequestedState
) -> None:
    if (state, wish) == (JobState.CANCELLED, RequestedState.CANCEL):
        assert not job(state, held).changes_with(wish)
        return
    ended = replace(job(state, held), stop_reason=TOO_MANY_FAILURES)
    with pytest.raises(JobStateConflict, match=f"is {state.value}: it cannot be "):
        ended.changes_with(wish)


def test_a_job_that_failed_through_an_error_can_be_resumed() -> None:
    failed = replace(
        job(JobState.FAILED, RequestedState.RUN), stop_reason="internal error: KeyError('x')"
    )
    assert failed.changes_with(RequestedState.RUN)
    for wish in (RequestedState.PAUSE, RequestedState.CANCEL):
        with pytest.raises(JobStateConflict):
            failed.changes_with(wish)


def test_a_job_without_a_best_trial_says_why() -> None:
    progress = Progress(None, 0, 0, 3, 0, 5, 1, 3, 1.5)
    assert progress.why_no_best(JobState.COMPLETED) == (
        "no trial was trained to its end: "
        "3 pruned, stuck or diverged, 5 cut short by the end of the job"
    )
    assert progress.why_no_best(JobState.RUNNING) == "no trial has been trained to its end yet"
    nothing = Progress(None, 0, 0, 0, 0, 0, 0, 3, 0.0)
    assert nothing.why_no_best(JobState.CANCELLED) == (
        "no trial was trained to its end: none had begun"
    )
    assert replace(progress, complete=1).why_no_best(JobState.COMPLETED) is None


def test_a_job_that_ended_before_a_point_was_tried_says_so() -> None:
    progress = Progress(8, 0, 8, 0, 0, 0, 3, 3, 9.0, waiting=2)
    assert progress.untried(JobState.COMPLETED, "budget: trials") == (
        "2 points that you enqueued were not tried: the job had ended (budget: trials)"
    )
    assert progress.untried(JobState.RUNNING, None) is None
    assert replace(progress, waiting=0).untried(JobState.COMPLETED, "budget: trials") is None


def test_nothing_is_made_of_a_job_whose_trials_are_gone() -> None:
    gone = replace(job(JobState.COMPLETED, RequestedState.RUN), trials_gone=True)
    assert "deleted its Optuna study" in str(gone.problem)
    with pytest.raises(TrialsGone):
        _ = gone.spec
    with pytest.raises(TrialsGone):
        parse_clone({}, gone)
    queued = replace(gone, state=JobState.PAUSED, wish=RequestedState.PAUSE)
    with pytest.raises(TrialsGone):
        queued.changes_with(RequestedState.RUN)
    assert queued.changes_with(RequestedState.CANCEL)
