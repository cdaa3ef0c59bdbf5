"""A search under way: plan, train, decide, record, until the plan says that it is done."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hpsearch.history import Cohort, Done, History
from hpsearch.jobs import Job
from hpsearch.runner.cohort_run import CohortRun
from hpsearch.runner.ports import Data, Engine, JobStore, LegLanded
from hpsearch.runner.run_control import RunControl, Stopped
from hpsearch.search.plan import plan
from hpsearch.search.pruning import decide
from hpsearch.trial import Ending, Report, TrialState

A_DAY = 86_400.0  # seconds; stored budgets may be longer than a thread can wait
EARLY_INTERVAL = 0.25  # seconds between records of reports that nobody has decided about yet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchEnd:
    """Where a search ended. job: as the plan knew it; it may have another budget by now."""

    job: Job
    done: Done
    history: History


class SearchRun:
    """Runs a job's search from `history` on. images: how many are in the training part."""

    def __init__(
        self,
        control: RunControl,
        store: JobStore,
        engine: Engine,
        data: Data,
        images: int,
        history: History,
    ) -> None:
        self._control = control
        self._job_id = control.job.id
        self._store = store
        self._engine = engine
        self._data = data
        self._images = images
        self._history = history
        self._runs: dict[int, CohortRun] = {}
        self._recorded_early = -math.inf  # when, by the monotonic clock

    def run(self) -> SearchEnd:
        """Until the plan says that the search is over; raises Stopped if it was told to stop."""
        try:
            self._resume()
            ended = self._plan()
            while ended is None:
                message = self._control.next_message(self._seconds_left())
                waits = isinstance(message, LegLanded) and not self._land(message)
                ended = None if waits else self._plan()
            return ended
        finally:
            for run in self._runs.values():
                run.release()

    def _plan(self) -> SearchEnd | None:
        """Start all cohorts that may start now; the end, if this is it."""
        while True:
            job = self._control.job  # the plan's end holds for this budget only
            enqueued = self._control.patiently(lambda: self._store.enqueued(self._job_id))
            seconds = self._control.seconds()
            self._history = replace(self._history, enqueued=enqueued, seconds=seconds)
            planned = plan(job.spec, self._history)
            if isinstance(planned, Done):
                return SearchEnd(job, planned, self._history)
            if self._control.leaving:
                if not self._runs:
                    raise Stopped
                return None
            if isinstance(planned, Cohort):
                self._open(job, planned)
            else:
                return None

    def _open(self, job: Job, cohort: Cohort) -> None:
        seconds = self._control.seconds()
        self._control.patiently(lambda: self._store.open_cohort(job.id, cohort, seconds))
        self._history = self._history.opened(cohort)
        self._start(CohortRun(cohort, job.spec, self._images))

    def _resume(self) -> None:
        """Bring the cohorts that were in training back to where they were."""
        trials = self._history.trials
        for index in sorted({t.cohort for t in trials if t.state is TrialState.RUNNING}):
            members = tuple(trial for trial in trials if trial.cohort == index)
            cohort = Cohort(index, self._history.rounds[members[0].round], members)
            self._start(CohortRun.resumed(cohort, self._control.job.spec, self._images))

    def _start(self, run: CohortRun) -> None:
        self._runs[run.cohort.index] = run
        self._submit(run)

    def _submit(self, run: CohortRun) -> None:
        run.submit(self._engine, self._data, self._control.share, self._control.inbox)

    def _land(self, landed: LegLanded) -> bool:
        """Take what a leg brought; True if its cohort has finished with it."""
        run = next((run for run in self._runs.values() if run.awaits(landed.leg)), None)
        if run is None:
            return False  # the certificate gave it up, because the search goes on
        run.take(landed)
        if not run.arrived():
            self._record_early(run)
            return False
        ended = self._compare(run) if run.replaying() else self._decide(run)
        run.advance(ended)
        if run.cohort.trials:
            self._submit(run)
            return False
        del self._runs[run.cohort.index]
        return True

    def _record_early(self, run: CohortRun) -> None:
        """Show reports before their whole cohort has come, which may take many times as long.

        The decision is made when all have come, from the same reports, so it stays the same. One
        trial of the cohort at least has not reported yet: by that a restart knows that nobody has
        decided here.
        """
        now = time.monotonic()
        if run.replaying() or now - self._recorded_early < EARLY_INTERVAL:
            return
        reports = {
            number: report
            for number, report in run.step.reports.items()
            if len(self._history.trials[number].reports) == run.position
        }
        if not reports:
            return
        self._recorded_early = now
        seconds = self._control.seconds()
        self._control.patiently(lambda: self._store.record(self._job_id, reports, {}, seconds))
        self._history = self._history.recorded(reports, {})

    def _decide(self, run: CohortRun) -> Mapping[int, Ending]:
        step = run.step
        spec = self._control.job.spec
        reports = self._on_record(run)
        before = self._history.before_report(run.cohort.index, run.position)
        judged = decide(spec, before, run.cohort.index, reports, step.facts)
        endings = {**judged, **step.failures}
        seconds = self._control.seconds()
        self._control.patiently(lambda: self._store.record(self._job_id, reports, endings, seconds))
        self._history = self._history.recorded(reports, endings)
        return endings

    def _compare(self, run: CohortRun) -> Mapping[int, Ending]:
        """Go on as it was decided before a restart; trials may have failed this time."""
        self._on_record(run)
        step = run.step
        if step.failures:
            seconds = self._control.seconds()
            self._control.patiently(
                lambda: self._store.record(self._job_id, {}, step.failures, seconds)
            )
            self._history = self._history.recorded({}, step.failures)
        return step.failures

    def _on_record(self, run: CohortRun) -> Mapping[int, Report]:
        """The step's reports; of those that were trained again the ones on record, which stand."""
        reports = dict(run.step.reports)
        for number, trained in run.step.reports.items():
            for before in self._history.trials[number].reports[run.position : run.position + 1]:
                reports[number] = before
                if not before.confirmed_by(trained):
                    log.warning(
                        "job %s, trial %d: trained again, %s came out as %s; "
                        "was the job started on another kind of processor?",
                        self._job_id,
                        number,
                        before,
                        trained,
                    )
        return reports

    def _seconds_left(self) -> float | None:
        budget = self._control.job.spec.budget.seconds
        return None if budget is None else min(max(0.0, budget - self._control.seconds()), A_DAY)
