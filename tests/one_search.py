"""One small search, really trained; `python -m tests.one_search` prints its digest.

CI compares it between the Pythons of a machine: it may depend on the processor and on NumPy, never
on the version of Python.
"""

import threadpoolctl

from hpsearch.datasets.split import split_for
from hpsearch.digest import digest
from hpsearch.jobs import JobState
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import LegDone, LegResult
from hpsearch.runner.run_control import RunControl
from hpsearch.spec.search import parse_spec
from hpsearch.training.leg import LegTask, run_leg
from tests.fakes import InlineEngine, MemorySource, MemoryStore

SPEC = parse_spec(
    {
        "dataset": "small",
        "network": {"architecture": "lenet5", "batch_norm": True, "dropout": 0.2},
        "optimizer": "adam",
        "batch_size": 25,
        "budget": {"trials": 24},
        "seed": 3,
    }
)


def digest_of_one_search() -> str:
    """Each leg trains from the first step, which comes to the same bits as going on."""
    source, store = MemorySource(), MemoryStore()
    store.add(SPEC)
    data = split_for(SPEC, source.load("small"))

    def train(task: LegTask) -> LegResult:
        _, report = run_leg(task, data, None)
        return LegDone(report)

    engine = InlineEngine(train)
    with threadpoolctl.threadpool_limits(1):
        JobRunner(RunControl(store.jobs["job"]), store, DataPool(source), engine).run()
    engine.close()
    job = store.jobs["job"]
    assert (job.state, job.stop_reason) == (JobState.COMPLETED, "budget: trials")
    return digest(SPEC, store.histories["job"], job.stop_reason)


if __name__ == "__main__":
    print(digest_of_one_search())
