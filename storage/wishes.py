"""Which wishes a job's state allows. Decisions only: nothing here writes."""

from hpsearch.errors import JobStateConflict
from hpsearch.jobs import Job, JobState, Wish

VERBS = {Wish.RUN: "be resumed", Wish.PAUSE: "be paused", Wish.CANCEL: "be cancelled"}


def changes(job: Job, wish: Wish) -> bool:
    """Whether the wish is new; raises JobStateConflict where the job cannot follow it.

    A job that was cancelled stays cancelled, also while it is still being stopped.
    """
    if job.state.ended:
        if job.state is JobState.CANCELLED and wish is Wish.CANCEL:
            return False
        raise JobStateConflict(job.id, job.state.value, VERBS[wish])
    if job.wish is wish:
        return False
    if job.wish is Wish.CANCEL:
        raise JobStateConflict(job.id, "being cancelled", VERBS[wish])
    return True


def refuse_ended(job: Job, verb: str) -> None:
    """Raises JobStateConflict for a job that has ended."""
    if job.state.ended:
        raise JobStateConflict(job.id, job.state.value, verb)


def refuse_failed(job: Job, verb: str) -> None:
    """Raises JobStateConflict for a job that failed."""
    if job.state is JobState.FAILED:
        raise JobStateConflict(job.id, job.state.value, verb)
