"""What a Dask worker does for the engine: functions that get values and give values.

What goes back to the server is bytes and texts, see worker_answers; states stay with the workers.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import threadpoolctl
from distributed import Worker, get_worker

from hpsearch.datasets.values import Split
from hpsearch.environment import environment, not_portable
from hpsearch.errors import WorkerNotPinned
from hpsearch.inside.pictures import pictures_of
from hpsearch.runner.worker_answers import (
    network_bytes,
    pictures_bytes,
    report_bytes,
    timing_bytes,
)
from hpsearch.training.footprint import available
from hpsearch.training.leg import LegReport, LegTask, TrainState, run_leg
from hpsearch.training.timing import Probe, time_probe

REPORTS = "hpsearch-reports"  # topic of Dask's events

Trained = tuple[TrainState | None, LegReport]


@dataclass(frozen=True)
class Conditions:
    """On which a worker trains.

    portable: only if its bits are not its processor's own. memory: bytes that a worker may use in
    all; None for what it says itself.
    """

    portable: bool = False
    memory: int | None = None


def keep(split: Split) -> Split:
    """As the result of a task, not scattered, the data is made again where a worker dies."""
    return split


def time_training(probe: Probe, conditions: Conditions) -> bytes:
    """Time a few mini-batches, and stop if nobody wants to know any more."""
    _use_one_blas_thread()
    worker = get_worker()
    timing = time_probe(probe, _memory_for_legs(worker, conditions), _given_up(worker))
    return timing_bytes(timing)


def train(task: LegTask, split: Split, previous: Trained | None, conditions: Conditions) -> Trained:
    """Train a leg, and stop if nobody wants it any more. Raises WorkerNotPinned."""
    _use_one_blas_thread()
    if conditions.portable and (reason := _not_portable()) is not None:
        raise WorkerNotPinned(reason)
    worker = get_worker()
    state = previous[0] if previous else None
    trained = run_leg(task, split, state, _given_up(worker), _memory_for_legs(worker, conditions))
    _tell(worker, trained[1])
    return trained


def _tell(worker: Worker, report: LegReport) -> None:
    """Send the report to the server, ahead of Dask's word that the leg was trained.

    As a task of its own it would have to wait for this worker's next leg. What cannot be told is
    asked for with `report_of`.
    """
    with contextlib.suppress(TypeError):  # of Dask: it is not plain data
        told = {"leg": worker.get_current_task(), "report": report_bytes(report)}
        worker.log_event(REPORTS, told)


def _given_up(worker: Worker) -> Callable[[], bool]:
    """Says whether nobody wants the task of this thread any more."""
    key = worker.get_current_task()

    def given_up() -> bool:
        running = worker.state.tasks.get(key)
        return running is None or running.state == "cancelled"

    return given_up


def _memory_for_legs(worker: Worker, conditions: Conditions) -> int | None:
    """Bytes that one leg may take, of those that train side by side; None if nobody set a limit."""
    memory = conditions.memory or worker.memory_manager.memory_limit
    return None if memory is None else available(memory // worker.state.nthreads)


def report_of(trained: Trained) -> bytes:
    """What goes back to the server; the state stays here."""
    return report_bytes(trained[1])


def network_of(trained: Trained) -> bytes:
    """What a model is made of, to go back to the server."""
    return network_bytes(trained[0])


def inside_of(trained: Trained, task: LegTask, split: Split, class_names: tuple[str, ...]) -> bytes:
    """What its network looks like inside, as pictures; nothing of one that diverged."""
    _use_one_blas_thread()
    state = trained[0]
    return b"" if state is None else pictures_bytes(pictures_of(task, split, state, class_names))


def worker_environment() -> Mapping[str, str]:
    """What the bits of this worker's results depend on."""
    _use_one_blas_thread()
    return environment()


_not_portable = functools.cache(not_portable)


@functools.cache
def _use_one_blas_thread() -> threadpoolctl.threadpool_limits:
    """For as long as this worker lives: two threads add up in another order, to other bits.

    Dask's nannies see to it by variables, but not every worker has a nanny.
    """
    return threadpoolctl.threadpool_limits(1)
