"""How busy searches keep their workers, and how far estimates are from what happens.

Runs five different searches, one after the other, on real Dask workers and SQLite, and prints for
each the estimate, what it took, and the share of worker time that was spent in training and
scoring: over its trials, from the first leg that was sent off to the last that came back, and over
its trials and its certificate.

    python -m benchmarks.running --data FOLDER [--workers 2] [--only NAME] [--json FILE]

FOLDER holds mnist.npz.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hpsearch.datasets.catalogue import Catalogue
from hpsearch.estimate import estimate
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Inbox, Leg, LegDone, LegLanded, LegResult
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.training.leg import LegTask
from hpsearch.trial import Trial
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs

MNIST = {"name": "mnist", "train_size": 7500}
SPECS: dict[str, dict[str, object]] = {
    "mnist-lenet5": {"dataset": MNIST, "network": "lenet5", "budget": {"trials": 60}},
    "mnist-simple_convnet": {
        "dataset": {"name": "mnist", "train_size": 2500},
        "network": "simple_convnet",
        "budget": {"trials": 30},
    },
    "mnist-mlp-adam": {
        "dataset": MNIST,
        "network": "mlp",
        "optimizer": "adam",
        "space": {"learning_rate": {"type": "float", "low": 1e-5, "high": 1.0, "log": True}},
        "epochs": 5,
    },
    "mnist-random": {
        "dataset": MNIST,
        "network": "lenet5",
        "sampler": "random",
        "rounds": {"count": 1},
        "budget": {"trials": 30},
    },
    "digits-lenet5": {"dataset": "digits", "network": "lenet5", "epochs": 20, "batch_size": 16},
}


@dataclass
class Clock:
    """Seconds of training on all workers, and when the first leg went and the last came."""

    busy: float = 0.0
    first: float | None = None
    last: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self) -> None:
        with self.lock:
            self.first = self.first or time.monotonic()

    def came(self, result: LegResult) -> None:
        with self.lock:
            self.last = time.monotonic()
            if isinstance(result, LegDone):
                self.busy += result.report.seconds

    def share(self, workers: int) -> float:
        """Of the workers' time, how much they trained."""
        assert self.first is not None
        return self.busy / (workers * (self.last - self.first))


class Clocks:
    """Of a search: over the legs of its trials, and over all. The trials have the first images."""

    def __init__(self) -> None:
        self.trials = Clock()
        self.all = Clock()
        self._images: Data | None = None

    def of(self, data: Data) -> tuple[Clock, ...]:
        self._images = self._images or data
        return (self.trials, self.all) if data is self._images else (self.all,)


class ClockedEngine(DaskEngine):
    """The engine, with clocks on its legs."""

    clocks = Clocks()

    def submit(
        self,
        task: LegTask,
        data: Data,
        previous: Leg | None,
        share: Share,
        order: int,
        inbox: Inbox,
    ) -> Leg:
        clocks = self.clocks.of(data)
        for clock in clocks:
            clock.sent()
        return super().submit(task, data, previous, share, order, _Clocked(clocks, inbox))


@dataclass(frozen=True)
class _Clocked:
    """An inbox that tells the clocks what goes through it."""

    clocks: tuple[Clock, ...]
    inbox: Inbox

    def put(self, item: LegLanded) -> None:
        for clock in self.clocks:
            clock.came(item.result)
        self.inbox.put(item)


@dataclass(frozen=True)
class Row:
    """What one search took, beside what it was estimated to take. Times in seconds."""

    search: str
    workers: int
    trials: int
    estimated_seconds: float
    seconds: float
    ratio: float
    estimated_epochs: float
    epochs: float
    busy_share: float
    busy_share_with_certificate: float


def measure(name: str, spec: SearchSpec, catalogue: Catalogue, folder: Path, workers: int) -> Row:
    """Estimate a search, run it, and compare."""
    expected = estimate(spec, catalogue, workers)
    database = Database(f"sqlite:///{folder / f'{name}.db'}")
    database.initialise()
    jobs, records = Jobs(database), SqlJobStore(database)
    ClockedEngine.clocks = clocks = Clocks()
    dispatcher = Dispatcher(
        records, catalogue, lambda: ClockedEngine.local(workers, folder), WriterLock(database)
    )
    dispatcher.start()
    while dispatcher.status().workers < workers:
        time.sleep(0.05)
    job_id = jobs.create(spec)[0].id
    dispatcher.poke()
    while not (job := jobs.get(job_id)).state.ended:
        time.sleep(0.1)
    dispatcher.stop(10)
    trials: tuple[Trial, ...] = records.history(job_id).trials
    database.close()
    return Row(
        search=name,
        workers=workers,
        trials=len(trials),
        estimated_seconds=expected.seconds,
        seconds=job.seconds,
        ratio=max(job.seconds / expected.seconds, expected.seconds / job.seconds),
        estimated_epochs=expected.epochs,
        epochs=sum(trial.epochs for trial in trials),
        busy_share=clocks.trials.share(workers),
        busy_share_with_certificate=clocks.all.share(workers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("HPSEARCH_TEST_DATA"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=SPECS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("--data: name the folder of mnist.npz, here or in HPSEARCH_TEST_DATA")
    rows = []
    print(f"{'search':22} {'trials':>6} {'estimate':>9} {'took':>7} {'ratio':>6} "
          f"{'epochs (est.)':>15} {'busy':>6} {'with certificate':>17}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        catalogue = Catalogue(Path(name))
        catalogue.add("mnist", Path(arguments.data) / "mnist.npz")
        for search, spec in SPECS.items():
            if arguments.only in (None, search):
                row = measure(search, parse_spec(spec), catalogue, Path(name), arguments.workers)
                rows.append(row)
                print(
                    f"{row.search:22} {row.trials:6} {row.estimated_seconds:8.1f}s "
                    f"{row.seconds:6.1f}s {row.ratio:6.2f} {row.epochs:7.1f} "
                    f"({row.estimated_epochs:5.1f}) {row.busy_share:6.1%} "
                    f"{row.busy_share_with_certificate:17.1%}",
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
