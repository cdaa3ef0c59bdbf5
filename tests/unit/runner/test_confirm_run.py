"""What the certificate has with the workers: images in time, and none left in the end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from hpsearch.datasets.values import Split
from hpsearch.history import Stage
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import Data, LegResult
from hpsearch.runner.run_control import RunControl
from hpsearch.training.leg import LegTask
from tests.fakes import InlineEngine, MemorySource, MemoryStore
from tests.unit.runner.made_up_job import made_up, spec_of

TOP, REPEATS = 2, 3
SPEC = spec_of(confirm={"top": TOP, "repeats": REPEATS})
ALL = 200  # images to train on when nothing is held back for validation
WAIT = 10  # seconds


@dataclass(eq=False)
class Held:
    """Images that are with the workers."""

    images: int
    release: Callable[[], None]


class WatchedEngine(InlineEngine):
    """Knows what was sent to the workers. The last repeat waits until all images were sent."""

    def __init__(self) -> None:
        super().__init__(self._landing)
        self.held: list[Held] = []
        self.most = 0
        self.sent: list[int] = []
        self.in_time = False
        self._all_sent = threading.Event()
        self._confirming = 0

    def load(self, split: Split) -> Data:
        held = Held(len(split.training), lambda: self.held.remove(held))
        self.held.append(held)
        self.most = max(self.most, len(self.held))
        self.sent.append(held.images)
        if held.images == ALL:
            self._all_sent.set()
        return held

    def _landing(self, task: LegTask) -> LegResult:
        self._confirming += task.job_seed != SPEC.seed
        if self._confirming == TOP * REPEATS:
            self.in_time = self._all_sent.wait(WAIT)
        return made_up(task)


def stages_of_job(engine: WatchedEngine) -> list[Stage]:
    """Run a job to its end; what was trained again."""
    store = MemoryStore()
    store.add(SPEC)
    JobRunner(RunControl(store.jobs["job"]), store, DataPool(MemorySource()), engine).run()
    engine.close()
    return [each.stage for each in store.histories["job"].confirmations]


def test_all_images_are_sent_once_and_before_the_last_repeat_lands() -> None:
    engine = WatchedEngine()
    stages_of_job(engine)
    assert engine.in_time
    assert engine.sent.count(ALL) == 1


def test_few_images_are_with_the_workers_together_and_none_in_the_end() -> None:
    engine = WatchedEngine()
    stages = stages_of_job(engine)
    assert (stages.count(Stage.REPEAT), stages.count(Stage.TEST)) == (TOP * REPEATS, REPEATS)
    assert engine.most <= 3  # those of the search, and two splits of the certificate
    assert engine.held == []
