"""Which jobs are started, where more of them want to run than there are places."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TURN_SECONDS = 60.0  # that a job keeps its place while others wait
LEAVE_SECONDS = 60.0  # after which a job that was asked to leave no longer counts


@dataclass(frozen=True)
class Waiting:
    """A job that wants to run. age: seconds that it has waited. started: before this process.

    owner: whose quota it counts in, if anybody's.
    """

    id: str
    priority: float
    age: float
    started: bool = False
    owner: str | None = None


@dataclass(frozen=True)
class Started:
    """A job that has a place. held: seconds since it began. leaving: since it was asked to."""

    held: float
    leaving: float | None = None
    owner: str | None = None


def in_order(waiting: Sequence[Waiting]) -> list[str]:
    """Who starts next: those that ran before a restart, then the largest priority × age.

    So whoever waits long enough comes first, whatever the priorities of the others.
    """
    ordered = sorted(waiting, key=lambda job: (not job.started, -job.priority * job.age))
    return [job.id for job in ordered]


def within_quota(
    waiting: Sequence[Waiting], started: Mapping[str, Started], quota: int | None
) -> list[Waiting]:
    """Those whose owner has fewer jobs started than the quota; None: there is no quota."""
    counts = Counter(each.owner for each in started.values())
    return [
        job for job in waiting if quota is None or job.owner is None or counts[job.owner] < quota
    ]


def to_leave_for_their_owner(
    started: Mapping[str, Started], waiting: Sequence[Waiting], quota: int | None
) -> set[str]:
    """Who is asked to leave so that other jobs of an owner who has the quota have a turn."""
    if quota is None:
        return set()
    counts = Counter(job.owner for job in waiting if job.owner is not None)
    found: set[str] = set()
    for owner, count in counts.items():
        theirs = {job_id: each for job_id, each in started.items() if each.owner == owner}
        found.update(to_leave(theirs, quota, count))
    return found


def free(started: Mapping[str, Started], places: int) -> int:
    """How many jobs may start now.

    A job that was asked to leave finishes what it trains; one that takes long to does not count
    any more, but never do more than twice as many run as there are places.
    """
    overdue = sum(_overdue(each) for each in started.values())
    return max(0, min(places - len(started) + overdue, 2 * places - len(started)))


def to_leave(started: Mapping[str, Started], places: int, waiting: int) -> list[str]:
    """Who is asked to leave, so that others have a turn: those that had their place longest.

    At most half of the places are given up at the same time, so that the workers stay busy.
    """
    leaving = sum(each.leaving is not None and not _overdue(each) for each in started.values())
    wanted = min(waiting - free(started, places), max(1, places // 2)) - leaving
    due = [
        (each.held, job_id)
        for job_id, each in started.items()
        if each.leaving is None and each.held >= TURN_SECONDS
    ]
    return [job_id for _, job_id in sorted(due, reverse=True)[: max(0, wanted)]]


def _overdue(job: Started) -> bool:
    return job.leaving is not None and job.leaving > LEAVE_SECONDS
