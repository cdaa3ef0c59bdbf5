"""Data sets on the workers: sent once, shared by the jobs that train on the same parts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hpsearch.admission import check_training
from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import split_for
from hpsearch.datasets.values import Dataset
from hpsearch.history import DataHashes
from hpsearch.jobs import Job
from hpsearch.runner.ports import Data, Engine
from hpsearch.spec.search import SearchSpec


@dataclass(frozen=True)
class Loaded:
    """A split on the workers, and what is known of it here. images: in its training part."""

    data: Data
    images: int
    baseline: Baseline
    hashes: DataHashes


@dataclass(eq=False)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    loaded: Loaded | None = None


class DataPool:
    """What is on the workers now. The server itself keeps no image. Safe for several threads."""

    def __init__(self, source: DatasetSource) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._entries: dict[object, _Entry] = {}

    @contextmanager
    def using(self, job: Job, engine: Engine) -> Iterator[Loaded]:
        """The job's data on this engine, until nobody uses it any more.

        Raises DatasetError, EngineLost, and InvalidSpec for a job that cannot train on it: one that
        was accepted before the data set was here.
        """
        dataset = self.source.load(job.spec.dataset.name)
        key = _key(job.spec, dataset, engine)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
        try:
            with entry.lock:
                loaded = entry.loaded or _load(job.spec, dataset, engine)
                entry.loaded = loaded
            if job.started_at is None:
                check_training(job.spec, dataset, loaded.images, engine.leg_memory())
            del dataset
            yield loaded
        finally:
            self._leave(key, entry)

    def _leave(self, key: object, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            if entry.users == 0:
                del self._entries[key]
        if entry.users == 0 and entry.loaded is not None:
            entry.loaded.data.release()


def _key(spec: SearchSpec, dataset: Dataset, engine: Engine) -> object:
    """Jobs with the same key train on the same images of the same workers."""
    validation = spec.validation
    parts = (spec.dataset.train_size, validation.fraction, validation.stratified, spec.seed)
    return engine, dataset.sha256, parts


def _load(spec: SearchSpec, dataset: Dataset, engine: Engine) -> Loaded:
    split = split_for(spec, dataset)
    baseline = Baseline.of(split.validation.labels, split.classes)
    return Loaded(
        data=engine.load(split),
        images=len(split.training),
        baseline=baseline,
        hashes=DataHashes(dataset.sha256, split.indices_sha256, baseline.sha256()),
    )
