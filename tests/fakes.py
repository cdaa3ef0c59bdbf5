"""Small second implementations of our own ports, for unit tests without sockets or databases."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import Fetching
from hpsearch.datasets.values import Dataset, Part, Split
from hpsearch.errors import DataChanged, JobNotFound, OtherTrials, UnknownDataset
from hpsearch.history import Cohort, Confirmation, DataHashes, History
from hpsearch.inside.pictures import Picture
from hpsearch.jobs import Job, JobState, RequestedState, outcome_of_trials
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Inbox, Leg, LegLanded, LegResult, UnfinishedJob
from hpsearch.spec.parts import Budget
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.training.leg import LegTask, TrainState
from hpsearch.training.timing import Probe, Timing, time_probe
from hpsearch.trial import Ending, Report, TrialState


def small_dataset(images: int = 200) -> Dataset:
    """Images of noise, ten classes in turn; the test part is some of them."""
    pixels = np.random.default_rng(0).integers(0, 256, (images, 1, 8, 8), dtype=np.uint8)
    labels = np.arange(images, dtype=np.int64) % 10
    test = Part(pixels[:20], labels[:20])
    return Dataset("small", Part(pixels, labels), test, classes=10)


class MemorySource:
    """One data set, `small`."""

    def load(self, name: str) -> Dataset:
        if name != "small":
            raise UnknownDataset(name, ["small"])
        return small_dataset()

    def ensure(self, name: str) -> Fetching | None:
        return None


class FreeLock:
    """A writer lock without rivals."""

    def __init__(self, free: bool = True) -> None:
        self.free = free
        self.ours = False

    def try_acquire(self) -> bool:
        self.ours = self.free
        return self.ours

    def held(self) -> bool:
        return self.ours and self.free

    def release(self) -> None:
        self.ours = False


@dataclass
class MemoryStore:
    """Jobs and histories in dictionaries. `failing` is called before each write and may raise."""

    jobs: dict[str, Job] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    failing: Callable[[], None] = lambda: None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, spec: SearchSpec, job_id: str = "job", owner: str | None = None) -> Job:
        created = datetime.now(UTC)
        job = Job(
            *(job_id, spec, JobState.QUEUED, RequestedState.RUN, f"search-{job_id}", created),
            owner=owner,
        )
        self.jobs[job_id] = job
        self.histories[job_id] = History()
        return job

    def wish(self, job_id: str, wish: RequestedState) -> None:
        self._change(job_id, wish=wish)

    def unfinished(self) -> Sequence[UnfinishedJob]:
        return [
            UnfinishedJob(
                id=job.id,
                state=job.state,
                wish=job.wish,
                priority=job.priority,
                version=job.version,
                seconds=job.seconds,
                created_at=job.created_at,
                owner=job.owner,
            )
            for job in list(self.jobs.values())
            if not job.state.ended
        ]

    def job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise JobNotFound(job_id)
        return self.jobs[job_id]

    def history(self, job_id: str) -> History:
        return self.histories[job_id]

    def enqueued(self, job_id: str) -> tuple[Mapping[str, Value], ...]:
        return self.histories[job_id].enqueued

    def start(self, job_id: str, environment: Mapping[str, str]) -> None:
        self.failing()
        with self._lock:
            job = self.job(job_id)
            if job.state is JobState.RUNNING:
                return
            job.refuse_ended("start")
            kept = job.environment if job.started_at else environment
            began = job.started_at or datetime.now(UTC)
            running = {"state": JobState.RUNNING, "waits_for": None}
            self._change(job_id, **running, environment=kept, started_at=began)

    def wait(self, job_id: str, waits_for: str | None, seconds: float) -> None:
        self.failing()
        with self._lock:
            if self.jobs[job_id].state in (JobState.RUNNING, JobState.QUEUED):
                changes = {"waits_for": waits_for, "seconds": seconds}
                self._change(job_id, state=JobState.QUEUED, **changes)

    def record_data(self, job_id: str, data: DataHashes, baseline: Baseline) -> None:
        before = self.jobs[job_id].data
        if before not in (None, data):
            raise DataChanged(self.jobs[job_id].spec.dataset.name, before.dataset, data.dataset)
        self._change(job_id, data=data)
        history = self.histories[job_id]
        self.histories[job_id] = replace(history, data=data, baseline=baseline)

    def pause(self, job_id: str, seconds: float) -> None:
        self.failing()
        with self._lock:
            job = self.job(job_id)
            if job.state is not JobState.PAUSED:
                job.refuse_ended("pause")
                self._change(job_id, state=JobState.PAUSED, seconds=seconds)

    def open_cohort(self, job_id: str, cohort: Cohort, seconds: float) -> None:
        self.failing()
        with self._lock:
            self.job(job_id).refuse_ended("open a cohort")
            history = self.histories[job_id]
            numbers = {trial.number for trial in cohort.trials}
            known = [trial for trial in history.trials if trial.number in numbers]
            if not known:
                self.histories[job_id] = history.opened(cohort)
                self._change(job_id, seconds=seconds)
            elif [(t.number, t.cohort, t.params) for t in known] != [
                (t.number, t.cohort, t.params) for t in cohort.trials
            ]:
                raise OtherTrials(job_id, [trial.number for trial in cohort.trials])

    def record(
        self,
        job_id: str,
        reports: Mapping[int, Report],
        endings: Mapping[int, Ending],
        seconds: float,
    ) -> None:
        self.failing()
        with self._lock:
            if not self.job(job_id).state.ended:
                self._record(job_id, reports, endings)
                self._change(job_id, seconds=seconds)

    def _record(
        self, job_id: str, reports: Mapping[int, Report], endings: Mapping[int, Ending]
    ) -> None:
        with self._lock:
            history = self.histories[job_id]
            running = {trial.number for trial in history.trials if trial.ending is None}
            fresh = {number: each for number, each in reports.items() if number in running}
            ended = {number: each for number, each in endings.items() if number in running}
            self.histories[job_id] = history.recorded(fresh, ended)

    def confirm(self, job_id: str, found: Confirmation) -> None:
        self.failing()
        with self._lock:
            if not self.job(job_id).state.ended:
                self.histories[job_id] = self.histories[job_id].confirmed(found)

    def end(
        self,
        job_id: str,
        state: JobState,
        reason: str,
        seconds: float,
        budget: Budget | None = None,
    ) -> bool:
        self.failing()
        if self.job(job_id).state.ended:
            return True
        if budget is not None and budget != self.jobs[job_id].spec.budget:
            return False
        history = self.histories[job_id]
        left = {
            trial.number: Ending(outcome_of_trials(state), reason)
            for trial in history.trials
            if trial.state is TrialState.RUNNING
        }
        self._record(job_id, {}, left)
        ended = {"state": state, "stop_reason": reason, "finished_at": datetime.now(UTC)}
        self._change(job_id, seconds=seconds, **ended)
        return True

    def _change(self, job_id: str, **changes: object) -> None:
        with self._lock:
            job = self.jobs[job_id]
            self.jobs[job_id] = replace(job, version=job.version + 1, **changes)  # type: ignore[arg-type]  # the caller names fields of Job


class _Nothing:
    def release(self) -> None: ...


@dataclass(eq=False)
class _InlineLeg:
    released: bool = False

    def release(self) -> None:
        self.released = True


def timed_at_once(probe: Probe) -> Future[Timing]:
    """What a worker would say, when it is asked."""
    answer: Future[Timing] = Future()
    try:
        answer.set_result(time_probe(probe))
    except Exception as error:
        answer.set_exception(error)
    return answer


class InlineEngine:
    """Answers each leg from a function, on its own thread, in an order drawn from `seed`."""

    def __init__(self, answer: Callable[[LegTask], LegResult], seed: int = 0) -> None:
        self._answer = answer
        self._random = random.Random(seed)  # noqa: S311  # shuffles a test, guards nothing
        self._queue: list[tuple[LegTask, _InlineLeg, Inbox]] = []
        self._wake = threading.Condition()
        self._closed = False
        self.tasks: list[LegTask] = []
        self.state: TrainState | None = None  # what `network` gives
        self.pictures: tuple[Picture, ...] = ()  # what `inside` gives
        threading.Thread(target=self._work, daemon=True).start()

    def load(self, split: Split) -> Data:
        return _Nothing()

    def submit(
        self,
        task: LegTask,
        data: Data,
        previous: Leg | None,
        share: Share,
        order: int,
        inbox: Inbox,
    ) -> Leg:
        leg = _InlineLeg()
        with self._wake:
            self.tasks.append(task)
            self._queue.append((task, leg, inbox))
            self._wake.notify()
        return leg

    def time(self, probe: Probe) -> Future[Timing]:
        return timed_at_once(probe)

    def workers(self) -> int:
        return 1

    def network(self, leg: Leg) -> TrainState | None:
        return self.state

    def inside(self, leg: Leg, class_names: tuple[str, ...]) -> tuple[Picture, ...]:
        return self.pictures

    def environment(self) -> Mapping[str, str]:
        return {"numpy": "made up"}

    def leg_memory(self) -> int | None:
        return None

    def lost(self) -> bool:
        return False

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    return
                entry = self._queue.pop(self._random.randrange(len(self._queue)))
            task, leg, inbox = entry
            result = self._answer(task)
            if not leg.released:
                inbox.put(LegLanded(leg, result))
