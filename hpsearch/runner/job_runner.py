"""Runs one job from where it is recorded, until it ends or is stopped."""

from dataclasses import replace

from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.ports import Engine, JobStore
from hpsearch.runner.run_control import RunControl
from hpsearch.runner.search_run import SearchRun


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
            control.patiently(lambda: store.record_data(job.id, loaded.hashes))
            history = control.patiently(lambda: store.history(job.id))
            history = replace(history, baseline=loaded.baseline)
            control.start_clock()
            SearchRun(control, store, self._engine, loaded.data, loaded.images, history).run()
