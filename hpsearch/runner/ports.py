"""What the runner needs of storage and of the engine. Both are implemented elsewhere."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hpsearch.baseline import Baseline
from hpsearch.datasets.values import Split
from hpsearch.history import Cohort, Confirmation, DataHashes, History
from hpsearch.inside.pictures import Picture
from hpsearch.jobs import Job, JobState, RequestedState
from hpsearch.runner.fair_queue import Share
from hpsearch.spec.parts import Budget
from hpsearch.spec.space import Value
from hpsearch.training.leg import LegReport, LegTask, TrainState
from hpsearch.training.timing import Probe, Timing
from hpsearch.trial import Ending, Report


class WriterLock(Protocol):
    """At most one server runs the jobs of a database; the others stand by."""

    def try_acquire(self) -> bool:
        """Take the lock where nobody holds it; True where it is ours now."""
        ...

    def held(self) -> bool:
        """Whether the lock is still ours."""
        ...

    def release(self) -> None: ...


@dataclass(frozen=True)
class UnfinishedJob:
    """What the dispatcher must see of every job to know which of them to read."""

    id: str
    state: JobState
    wish: RequestedState
    priority: float
    version: int
    seconds: float
    created_at: datetime
    owner: str | None = None


class JobStore(Protocol):
    """The dispatcher's view of the database. Each method is one transaction: all of it or nothing.

    Every method may raise DatabaseUnavailable; the caller then waits and calls again, and calling
    again after a commit whose answer was lost changes nothing. A method that writes raises
    LeadershipLost, and writes nothing, once another server runs the jobs. Safe to call from several
    threads. `end` survives a power cut once it has returned; of what the others recorded the last
    moments may be lost then, from the end, and are trained again.
    """

    def unfinished(self) -> Sequence[UnfinishedJob]:
        """All jobs that have not ended, oldest first. Cheap: no spec is read."""
        ...

    def job(self, job_id: str) -> Job:
        """One job as it is now; raises JobNotFound."""
        ...

    def history(self, job_id: str) -> History:
        """All that happened in the job, with the trials that it starts from."""
        ...

    def enqueued(self, job_id: str) -> tuple[Mapping[str, Value], ...]:
        """Parameters that the user wants tried and that no trial has taken up yet, in order."""
        ...

    def start(self, job_id: str, environment: Mapping[str, str]) -> None:
        """queued or paused → running; the environment is kept from the first start.

        It waits for nothing any more.
        """
        ...

    def record_data(self, job_id: str, data: DataHashes, baseline: Baseline) -> None:
        """Record which data the job trains on; raises DataChanged if it began with other data.

        baseline: of its validation part, which the history has from then on.
        """
        ...

    def pause(self, job_id: str, seconds: float) -> None:
        """running → paused, with the seconds of running so far."""
        ...

    def wait(self, job_id: str, waits_for: str | None, seconds: float) -> None:
        """running or queued → queued, with what it waits for, if not for its turn.

        Nothing happens to a job that is paused or has ended.
        """
        ...

    def open_cohort(self, job_id: str, cohort: Cohort, seconds: float) -> None:
        """Record a cohort's trials as running, and its round where `cohort.opens`.

        Raises OtherTrials if other trials have their numbers.
        """
        ...

    def record(
        self,
        job_id: str,
        reports: Mapping[int, Report],
        endings: Mapping[int, Ending],
        seconds: float,
    ) -> None:
        """Record what trials (by number) reported and how trials ended.

        A report that is there already is left as it is; an ended trial stays as it ended.
        """
        ...

    def confirm(self, job_id: str, found: Confirmation) -> None:
        """Record a training that confirms a trial; one that is there already stands."""
        ...

    def end(
        self,
        job_id: str,
        state: JobState,
        reason: str,
        seconds: float,
        budget: Budget | None = None,
    ) -> bool:
        """End the job. Trials still running end with it, for the same reason.

        Where `budget` is given and the job has another one by now, nothing happens: False.
        """
        ...


@dataclass(frozen=True)
class LegDone:
    """A leg was trained; its state stays with the engine."""

    report: LegReport


@dataclass(frozen=True)
class LegFailed:
    """A leg could not be trained, for a reason that training it again would meet again."""

    error: BaseException


LegResult = LegDone | LegFailed


class Leg(Protocol):
    """A leg that was submitted. It is the starting point of the trial's next leg."""

    def release(self) -> None:
        """Give up the leg and its state; if it is running it stops soon."""
        ...


@dataclass(frozen=True)
class LegLanded:
    """What came of a leg."""

    leg: Leg
    result: LegResult


class Inbox(Protocol):
    """Where results of legs go: a queue."""

    def put(self, item: LegLanded, /) -> None: ...


class Data(Protocol):
    """A data set that was sent to the workers."""

    def release(self) -> None: ...


class Engine(Protocol):
    """Trains legs somewhere. Safe to call from several threads."""

    def load(self, split: Split) -> Data:
        """Bring a data set to the workers; it survives the loss of any of them."""
        ...

    def submit(
        self,
        task: LegTask,
        data: Data,
        previous: Leg | None,
        share: Share,
        order: int,
        inbox: Inbox,
    ) -> Leg:
        """Train a leg, from where `previous` ended.

        The job whose `share` is due comes next, and of its legs the lowest `order`. The result is
        put into `inbox` once, from any thread and maybe before this returns, unless the leg is
        released before. A worker that dies costs time only: its legs are trained again elsewhere.
        If the workers as a whole are lost, the error is EngineLost, and nothing of this engine can
        be used any more.
        """
        ...

    def network(self, leg: Leg) -> TrainState | None:
        """The network that a leg came to, without what only training needs; None if it diverged.

        Of a leg that landed and was not released. Waits; raises EngineLost, or AnswerRefused.
        """
        ...

    def inside(self, leg: Leg, class_names: tuple[str, ...]) -> tuple[Picture, ...]:
        """What the network that a leg came to looks like inside; nothing if it diverged.

        Of a leg that landed and was not released. Waits; raises EngineLost, or AnswerRefused.
        """
        ...

    def environment(self) -> Mapping[str, str]:
        """What the bits of a result depend on, as it is on a worker.

        Raises EngineUnavailable where no worker answers just now.
        """
        ...

    def leg_memory(self) -> int | None:
        """Bytes that one leg may take on a worker; None if nobody has set a limit."""
        ...

    def lost(self) -> bool:
        """Whether the workers as a whole are gone: a new engine must take this one's place."""
        ...

    def time(self, probe: Probe) -> Future[Timing]:
        """Have the cost of training timed on a worker, before the legs that wait.

        Its error is what `run_leg` raises, EngineLost, WorkerLost, or AnswerRefused.
        """
        ...

    def workers(self) -> int:
        """How many legs can train at the same time right now."""
        ...

    def close(self) -> None:
        """Stop everything that this engine started."""
        ...
