"""The runner's database calls, timed, counted and logged."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from api.meters import Meters
from hpsearch.baseline import Baseline
from hpsearch.history import Cohort, Confirmation, DataHashes, History
from hpsearch.jobs import Job, JobState
from hpsearch.runner.ports import JobStore, UnfinishedJob
from hpsearch.spec.parts import Budget
from hpsearch.spec.space import Value
from hpsearch.trial import Ending, Outcome, Report

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class ObservedStore:
    """A JobStore that times another one's calls, and counts and logs what was recorded."""

    def __init__(self, store: JobStore, meters: Meters) -> None:
        self._store = store
        self._meters = meters
        self._open: dict[str, set[int]] = {}  # trials that have not ended, by job

    def unfinished(self) -> Sequence[UnfinishedJob]:
        return self._timed(self._store.unfinished)

    def job(self, job_id: str) -> Job:
        return self._timed(self._store.job, job_id)

    def history(self, job_id: str) -> History:
        history = self._timed(self._store.history, job_id)
        self._open[job_id] = {trial.number for trial in history.trials if trial.ending is None}
        return history

    def enqueued(self, job_id: str) -> tuple[Mapping[str, Value], ...]:
        return self._timed(self._store.enqueued, job_id)

    def start(self, job_id: str, environment: Mapping[str, str]) -> None:
        self._timed(self._store.start, job_id, environment)
        log.info("job runs", extra={"job": job_id})

    def record_data(self, job_id: str, data: DataHashes, baseline: Baseline) -> None:
        self._timed(self._store.record_data, job_id, data, baseline)

    def pause(self, job_id: str, seconds: float) -> None:
        self._timed(self._store.pause, job_id, seconds)
        log.info("job paused", extra={"job": job_id})

    def wait(self, job_id: str, waits_for: str | None, seconds: float) -> None:
        self._timed(self._store.wait, job_id, waits_for, seconds)
        log.info("job waits", extra={"job": job_id, "for": waits_for or "its turn"})

    def open_cohort(self, job_id: str, cohort: Cohort, seconds: float) -> None:
        self._timed(self._store.open_cohort, job_id, cohort, seconds)
        if cohort.opens:
            told = {"job": job_id, "round": cohort.round.index, "reason": cohort.round.reason}
            log.info("round opened", extra=told)
        self._open.setdefault(job_id, set()).update(trial.number for trial in cohort.trials)
        for trial in cohort.trials:
            log.info("trial started", extra={"job": job_id, "trial": trial.number})

    def record(
        self,
        job_id: str,
        reports: Mapping[int, Report],
        endings: Mapping[int, Ending],
        seconds: float,
    ) -> None:
        self._timed(self._store.record, job_id, reports, endings, seconds)
        self._meters.reports.inc(len(reports))
        running = self._open.get(job_id, set())
        for number in sorted(
            endings.keys() & running
        ):  # the rest had ended before, or with the job
            running.remove(number)
            ending = endings[number]
            outcome = ending.outcome.value
            self._meters.trials.labels(outcome).inc()
            told = {"job": job_id, "trial": number, "outcome": outcome, "reason": ending.reason}
            log.info("trial ended", extra=told)

    def confirm(self, job_id: str, found: Confirmation) -> None:
        self._timed(self._store.confirm, job_id, found)
        told = {"job": job_id, "trial": found.trial, "stage": found.stage.value}
        log.info("trial confirmed", extra=told)

    def end(
        self,
        job_id: str,
        state: JobState,
        reason: str,
        seconds: float,
        budget: Budget | None = None,
    ) -> bool:
        ended = self._timed(self._store.end, job_id, state, reason, seconds, budget)
        if ended:
            cut = len(self._open.pop(job_id, ()))
            self._meters.trials.labels(Outcome.CANCELLED.value).inc(cut)
            log.info("job ended", extra={"job": job_id, "state": state.value, "reason": reason})
        return ended

    def _timed(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._meters.database.labels(call.__name__).time():
            return call(*args, **kwargs)
