"""A job whose trainer is made up, run in this thread."""

import math
from collections.abc import Callable

from hpsearch.digest import digest
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import LegDone, LegResult
from hpsearch.runner.run_control import RunControl
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.training.leg import LegReport, LegTask
from tests.fakes import InlineEngine, MemorySource, MemoryStore

STEPS_PER_EPOCH = 16  # 160 training images, ten a batch


def spec_of(**changes: object) -> SearchSpec:
    base = {"dataset": "small", "network": "mlp", "batch_size": 10, "budget": {"trials": 20}}
    return parse_spec({**base, **changes})


def made_up(task: LegTask) -> LegResult:
    """Good near a learning rate of 0.1, diverged above 1."""
    rate = task.training.learning_rate
    epoch = task.stop_step / STEPS_PER_EPOCH
    diverged = rate > 1
    quality = math.exp(-(math.log10(rate / 0.1) ** 2)) * (1 - math.exp(-epoch))
    value = math.nan if diverged else 0.1 + 0.9 * quality
    loss = math.nan if diverged else 2.3 * (1 - quality)
    return LegDone(
        LegReport(task.stop_step, epoch, value, loss, loss, 2.3, 3 if diverged else None, 0, False)
    )


def run(
    store: MemoryStore, answer: Callable[[LegTask], LegResult] = made_up, seed: int = 0
) -> InlineEngine:
    engine = InlineEngine(answer, seed)
    try:
        JobRunner(RunControl(store.jobs["job"]), store, DataPool(MemorySource()), engine).run()
    finally:
        engine.close()
    return engine


def digest_of(store: MemoryStore) -> str:
    job = store.jobs["job"]
    return digest(job.spec, store.histories["job"], job.stop_reason)
