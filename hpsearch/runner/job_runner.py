"""Runs one job from where it is recorded, until it ends or is stopped."""

from hpsearch.history import History
from hpsearch.jobs import JobState
from hpsearch.runner.confirm_run import ConfirmRun
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.ports import Engine, JobStore
from hpsearch.runner.run_control import RunControl
from hpsearch.runner.search_run import SearchEnd, SearchRun


class JobRunner:
    """One thread's work on one job.

    All that it knows is recorded before it is acted on, so it may be dropped at any moment and
    built again from the store. It holds the only copy of nothing but weights, and those are
    trained again to the same bits.
    """

    def __init__(
        self, control: RunControl, store: JobStore, pool: DataPool, engine: Engine
    ) -> None:
        self._control = control
        self._store = store
        self._pool = pool
        self._engine = engine

    def run(self) -> None:
        """Work until the job ends, which is then recorded; raises Stopped if it was told to stop.

        Raises EngineLost, DatasetError, InvalidSpec, or whatever else is wrong with the service.
        """
        control, job, store = self._control, self._control.job, self._store
        environment = control.patiently(self._engine.environment)
        control.patiently(lambda: store.start(job.id, environment))
        with self._pool.using(job, self._engine) as loaded:
            control.patiently(lambda: store.record_data(job.id, loaded.hashes, loaded.baseline))
            history = control.patiently(lambda: store.history(job.id))
            control.start_clock()
            while True:
                end = SearchRun(
                    control, store, self._engine, loaded.data, loaded.images, history
                ).run()
                history = self._confirm(end)
                if self._end(end):
                    return

    def _confirm(self, end: SearchEnd) -> History:
        """The history with the certificate, or with what there is of it for now."""
        if end.done.failed:
            return end.history
        confirm = ConfirmRun(self._control, self._store, self._engine, self._pool.source)
        return confirm.run(end.job, end.history)

    def _end(self, end: SearchEnd) -> bool:
        """End the job, unless its user has given it another budget than the plan knew."""
        control, job, done = self._control, end.job, end.done
        state = JobState.FAILED if done.failed else JobState.COMPLETED
        seconds = control.seconds()
        ended = control.patiently(
            lambda: self._store.end(job.id, state, done.reason, seconds, job.spec.budget)
        )
        if not ended:
            control.job = control.patiently(lambda: self._store.job(job.id))
        return ended
