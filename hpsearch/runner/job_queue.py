"""The jobs that wait to run: who starts next, and who makes room for the others."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from hpsearch.access import RESERVED
from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import DatasetError, JobNotRunnable
from hpsearch.jobs import JobState, RequestedState
from hpsearch.runner import places
from hpsearch.runner.job_threads import JobThreads
from hpsearch.runner.ports import Engine, JobStore, UnfinishedJob

EXAMINED = 20  # jobs that are read at one look, whether they can start or not


class JobQueue:
    """Waiting jobs are rows only: no thread, no data, no spec in memory."""

    def __init__(
        self,
        store: JobStore,
        source: DatasetSource,
        threads: JobThreads,
        limit: int,
        quota: int | None = None,
    ) -> None:
        """limit: jobs that are started at the same time; quota: of one owner with a token."""
        self._store = store
        self._source = source
        self._threads = threads
        self._limit = limit
        self._quota = quota
        self._can_start = False
        self._waiting: dict[str, UnfinishedJob] = {}
        self._since: dict[str, float] = {}  # when jobs gave their place up
        self._fetching: dict[str, str] = {}  # the data sets that jobs wait for
        self._refused: dict[str, tuple[int, str]] = {}  # version and reason

    def look(self, jobs: Sequence[UnfinishedJob], can_start: bool) -> None:
        """Take note of the jobs as they are now. can_start: whether there are workers."""
        self._can_start = can_start
        self._waiting = {
            job.id: job
            for job in jobs
            if job.wish is RequestedState.RUN and self._threads.get(job.id) is None
        }
        for remembered in (self._since, self._fetching, self._refused):
            for job_id in remembered.keys() - self._waiting.keys():
                del remembered[job_id]
        for job_id, (version, _) in list(self._refused.items()):
            if self._waiting[job_id].version != version:
                del self._refused[job_id]

    def next(self) -> Iterator[UnfinishedJob]:
        """The jobs to try, one after the other, as long as there are places."""
        if not self._can_start:
            return
        away = {name for name in set(self._fetching.values()) if self._is_away(name)}
        ready = {job.id: job for job in self._within_quota(self._ready(away))}
        for job_id in places.in_order(list(ready.values()))[:EXAMINED]:
            if places.free(self._started(), self._limit) == 0:
                return
            if self._within_quota([ready[job_id]]):  # one more of its owner may have started
                yield self._waiting[job_id]

    def try_to_start(self, waiting: UnfinishedJob, engine: Engine | None) -> None:
        """Start a job, or say what it waits for; fails it if its data set cannot be had."""
        job = self._store.job(waiting.id)
        if job.state.ended or job.wish is not RequestedState.RUN:
            return  # it changed since the look
        try:
            name = job.spec.dataset.name
        except JobNotRunnable as error:
            self._refused[job.id] = (waiting.version, str(error))
            raise
        try:
            fetching = self._source.ensure(name)
            problem = None if fetching is None else fetching.problem
        except DatasetError as error:
            fetching, problem = None, str(error)
        if problem is not None:
            self._store.end(job.id, JobState.FAILED, problem, job.seconds)
        elif fetching is not None:
            self._fetching[job.id] = name
            self._store.wait(job.id, f"fetching {name}", job.seconds)
        elif engine is not None:
            self._threads.begin(job, engine)
            del self._waiting[job.id]

    def take_back(self, job_id: str, seconds: float) -> None:
        """A job gave its place up; it waits for its next turn."""
        self._store.wait(job_id, None, seconds)
        self._since[job_id] = time.monotonic()

    def make_room(self) -> None:
        """Ask jobs that had their turn to leave, if others wait."""
        ready = self._ready(set(self._fetching.values())) if self._can_start else []
        started = self._started()
        leaving = places.to_leave_for_their_owner(started, ready, self._quota)
        leaving.update(places.to_leave(started, self._limit, len(self._within_quota(ready))))
        for job_id in leaving:
            run = self._threads.get(job_id)
            if run is not None:
                run.leave()
        if self._can_start:
            left = [job for job in self._waiting.values() if self._ran_before(job)]
            for job in left[:EXAMINED]:  # more ran before a restart than have places now
                self.take_back(job.id, job.seconds)

    def not_runnable(self) -> Mapping[str, str]:
        """Why jobs are passed over, by id."""
        return {job_id: reason for job_id, (_, reason) in self._refused.items()}

    def _ready(self, away: set[str]) -> list[places.Waiting]:
        """Those that may be able to start. away: data sets that are not here yet."""
        now = datetime.now(UTC)
        return [
            places.Waiting(
                job.id,
                job.priority,
                self._age(job, now),
                self._ran_before(job),
                _counted(job.owner),
            )
            for job in self._waiting.values()
            if job.id not in self._refused and self._fetching.get(job.id) not in away
        ]

    def _ran_before(self, job: UnfinishedJob) -> bool:
        """Whether it ran when this process began."""
        return job.state is JobState.RUNNING and job.id not in self._since

    def _age(self, job: UnfinishedJob, now: datetime) -> float:
        """Seconds that it waits, since it was created or gave its place up."""
        since = self._since.get(job.id)
        if since is not None:
            return time.monotonic() - since
        return max(0.0, (now - job.created_at).total_seconds())

    def _started(self) -> Mapping[str, places.Started]:
        now = time.monotonic()
        return {
            job_id: places.Started(
                now - run.began,
                None if run.left is None else now - run.left,
                _counted(run.control.job.owner),
            )
            for job_id, run in self._threads.runs().items()
        }

    def _within_quota(self, waiting: Sequence[places.Waiting]) -> list[places.Waiting]:
        return places.within_quota(waiting, self._started(), self._quota)

    def _is_away(self, name: str) -> bool:
        """Whether a data set is still being fetched."""
        try:
            fetching = self._source.ensure(name)
        except DatasetError:
            return False  # each job that waits for it hears why
        return fetching is not None and fetching.problem is None


def _counted(owner: str | None) -> str | None:
    """Whose quota a job counts in; who has a server to themselves has none."""
    return None if owner in RESERVED else owner
