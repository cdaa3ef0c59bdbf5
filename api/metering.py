"""Counting and timing at the edges: requests, the runner's database calls, how trials end."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hpsearch.history import Cohort, Ending, History, Report
from hpsearch.jobs import Job, JobState
from hpsearch.runner.ports import JobStore
from hpsearch.spec.parts import Budget
from hpsearch.spec.space import Value

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """What this process counts itself; starts from zero with it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Histogram(
            "hpsearch_request_seconds",
            "Until an answer begins.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=registry,
        )
        self.database = Histogram(
            "hpsearch_database_seconds",
            "Of the runner's database calls.",
            ["call"],
            buckets=SECONDS,
            registry=registry,
        )
        self.trials = Counter(
            "hpsearch_trials", "Trials that ended here.", ["outcome"], registry=registry
        )
        self.reports = Counter(
            "hpsearch_reports", "Reports of trials recorded here.", registry=registry
        )


class RequestMeter:
    """Times each request until its answer begins, as answers may be endless."""

    def __init__(self, app: ASGIApp, requests: Histogram) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                series = self._requests.labels(*_series(scope), message["status"])
                series.observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, sending)


def _series(scope: Scope) -> tuple[str, str]:
    """Method and pattern of the route, never the path: as many series as routes, not as jobs."""
    if "route" in scope:
        return scope["method"], scope["route"].path
    return (scope["method"], "dashboard") if "endpoint" in scope else ("any", "none")


class MeteredStore:
    """A JobStore that times another one's calls, and counts and logs what was recorded."""

    def __init__(self, store: JobStore, meters: Meters) -> None:
        self._store = store
        self._meters = meters

    def unfinished(self) -> Sequence[Job]:
        return self._timed(self._store.unfinished)

    def job(self, job_id: str) -> Job:
        return self._timed(self._store.job, job_id)

    def history(self, job_id: str) -> History:
        return self._timed(self._store.history, job_id)

    def enqueued(self, job_id: str) -> tuple[Mapping[str, Value], ...]:
        return self._timed(self._store.enqueued, job_id)

    def start(self, job_id: str, environment: Mapping[str, str]) -> None:
        self._timed(self._store.start, job_id, environment)
        log.info("job runs", extra={"job": job_id})

    def pause(self, job_id: str, seconds: float) -> None:
        self._timed(self._store.pause, job_id, seconds)
        log.info("job paused", extra={"job": job_id})

    def open_cohort(self, job_id: str, cohort: Cohort, seconds: float) -> None:
        self._timed(self._store.open_cohort, job_id, cohort, seconds)
        if cohort.opens:
            told = {"job": job_id, "round": cohort.round.index, "reason": cohort.round.reason}
            log.info("round opened", extra=told)
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
        for number, ending in endings.items():
            outcome = ending.outcome.value
            self._meters.trials.labels(outcome).inc()
            told = {"job": job_id, "trial": number, "outcome": outcome, "reason": ending.reason}
            log.info("trial ended", extra=told)

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
            log.info("job ended", extra={"job": job_id, "state": state.value, "reason": reason})
        return ended

    def _timed(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._meters.database.labels(call.__name__).time():
            return call(*args, **kwargs)
