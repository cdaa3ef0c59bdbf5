"""Runs one job from where it is recorded, until it ends or is stopped."""

from dataclasses import replace

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import split_for
from hpsearch.history import History
from hpsearch.jobs import DataHashes, JobState
from hpsearch.runner.confirm_run import ConfirmRun
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
            del parts
            while True:
                search = SearchRun(control, self._store, self._engine, data, images, history)
                end = search.run()
                history = self._confirm(end)
                if self._end(end):
                    return
        finally:
            data.release()

    def _confirm(self, end: SearchEnd) -> History:
        """The history with the certificate, or with what there is of it for now."""
        if end.done.failed:
            return end.history
        confirm = ConfirmRun(self._control, self._store, self._engine, self._source)
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
