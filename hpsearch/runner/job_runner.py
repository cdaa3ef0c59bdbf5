"""Runs one job from where it is recorded, until it ends or is stopped."""

from dataclasses import replace

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import split_for
from hpsearch.jobs import DataHashes
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
        self, control: RunControl, store: JobStore, source: DatasetSource, engine: Engine
    ) -> None:
        self._control = control
        self._store = store
        self._source = source
        self._engine = engine

    def run(self) -> None:
        """Work until the job ends, which is then recorded; raises Stopped if it was told to stop.

        Raises EngineLost, DatasetError, or whatever else is wrong with the service.
        """
        control, job = self._control, self._control.job
        environment = control.patiently(self._engine.environment)
        control.patiently(lambda: self._store.start(job.id, environment))
        dataset = self._source.load(job.spec.dataset.name)
        parts = split_for(job.spec, dataset)
        hashes = DataHashes(dataset.sha256, parts.indices_sha256)
        del dataset
        control.patiently(lambda: self._store.record_data(job.id, hashes))
        history = control.patiently(lambda: self._store.history(job.id))
        history = replace(history, baseline=Baseline.of(parts.validation.labels, parts.classes))
        data = self._engine.load(parts)
        try:
            control.start_clock()
            images = len(parts.training)
            search = SearchRun(control, self._store, self._engine, data, images, history)
            del parts
            search.run()
        finally:
            data.release()
