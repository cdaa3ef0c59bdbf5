"""How busy many workers are kept: legs that train nothing but take their time, on Dask workers.

A job with cohorts of twice as many trials as there are workers, on SQLite; scheduler and workers
are another process. Each leg sleeps instead of training, so that one machine can stand for many;
all else (planning, pruning, recording, sending legs and taking reports) is as ever. Busy is the
share of worker time that was slept, from the first leg that was sent off to the last that came
back; beside it stands the share that the search would allow if nothing but legs took time
(`feeding_bound`). Processor time is the server's in the meantime.

    python -m benchmarks.feeding [--workers 64] [--seconds 1] [--cohort 128] [--trials 4096]
"""

import argparse
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import dask
from distributed import LocalCluster

from benchmarks.feeding_bound import IdealWorkers
from benchmarks.running import ClockedEngine, Clocks
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.values import Split
from hpsearch.jobs import JobState
from hpsearch.runner.dask_clusters import DEFAULTS
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.spec.search import parse_spec
from hpsearch.training.leg import LegReport, LegTask, TrainState, never
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs


class Sleep:
    """Stands in for `run_leg`: takes `seconds`, a tenth more or less, for each leg."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def leg(self, trial: int, share: float) -> tuple[float, float]:
        """Seconds and accuracy of the leg that brings a trial to a share of a whole training."""
        dice = random.Random(f"{trial} {share:.2f}")  # noqa: S311  # guards nothing
        return self._seconds * dice.uniform(0.9, 1.1), dice.uniform(0.2, 0.9)

    def __call__(
        self,
        task: LegTask,
        data: Split,  # noqa: ARG002  # has the signature of run_leg
        state: TrainState | None,  # noqa: ARG002
        should_stop: object = never,  # noqa: ARG002
        memory: int | None = None,  # noqa: ARG002
    ) -> tuple[TrainState | None, LegReport]:
        epoch = task.stop_step / task.total_steps
        seconds, value = self.leg(task.trial, epoch)
        time.sleep(seconds)
        scores = (value, 1.0, 1.0, 2.0)
        more = (value, value, "0" * 64)  # other scores, and the hash of weights that are not there
        report = LegReport(task.stop_step, epoch, *scores, None, seconds, False, *more)
        return None, report


def serve(workers: int, sleep: Sleep, connection: Connection) -> None:
    """A scheduler and its workers, until the process is ended; tells the scheduler's address."""
    dask.config.update_defaults(DEFAULTS)  # without Dask's profiler, as ever
    with (
        patch("hpsearch.runner.worker_tasks.run_leg", sleep),
        LocalCluster(
            n_workers=1,
            threads_per_worker=workers,
            processes=False,
            memory_limit=0,
            protocol="tcp",
            dashboard_address=None,
            worker_dashboard_address=None,
        ) as cluster,
    ):
        connection.send(cluster.scheduler_address)
        signal.pause()


@contextmanager
def cluster_elsewhere(workers: int, sleep: Sleep) -> Iterator[str]:
    """The address of a scheduler in a process of its own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(workers, sleep, theirs))
    process.start()
    theirs.close()  # so that we hear if the process dies before it has an address
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a leg takes")
    parser.add_argument("--cohort", type=int, default=128, help="trials that train in step")
    parser.add_argument("--trials", type=int, default=4096)
    arguments = parser.parse_args()
    sleep = Sleep(arguments.seconds)
    spec = parse_spec(
        {
            "dataset": "digits",
            "network": "mlp",
            "cohort": arguments.cohort,
            "budget": {"trials": arguments.trials},
        }
    )
    with (
        tempfile.TemporaryDirectory() as name,
        cluster_elsewhere(arguments.workers, sleep) as address,
    ):
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'feeding.db'}")
        database.initialise()
        job = Jobs(database).create(spec)[0]
        ClockedEngine.clocks = Clocks()
        clock = ClockedEngine.clocks.all

        def engine() -> ClockedEngine:
            return ClockedEngine.remote(address)

        records = SqlJobStore(database)
        dispatcher = Dispatcher(records, Catalogue(folder), engine, WriterLock(database))
        dispatcher.start()
        while clock.first is None:
            time.sleep(0.01)
        began = time.process_time()
        while not (ended := Jobs(database).get(job.id)).state.ended:
            time.sleep(0.5)
        processor = time.process_time() - began
        dispatcher.stop(10)
        legs = sum(len(trial.reports) for trial in records.history(job.id).trials)
        database.close()
    assert ended.state is JobState.COMPLETED, f"the job {ended.state.value}: {ended.stop_reason}"
    bound = IdealWorkers(spec, arguments.workers, sleep.leg).share()
    seconds = clock.last - clock.first
    share = clock.share(arguments.workers)
    print(f"{arguments.workers} workers, {legs} legs of about {arguments.seconds:g} s in "
          f"{seconds:.1f} s: busy {share:.1%} (the search allows {bound:.1%}), "
          f"{legs / seconds:.0f} legs/s, "
          f"{1000 * processor / legs:.1f} ms of processor time a leg")  # fmt: skip


if __name__ == "__main__":
    main()
