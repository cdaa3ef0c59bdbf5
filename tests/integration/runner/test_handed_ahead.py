"""A real worker that has its next leg before it is free: it trains it once, or not at all."""

import multiprocessing
import queue
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.service import wait_until
from hpsearch.datasets.values import Part, Split
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import Data, Leg, LegDone, LegLanded
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask

WAIT = 120  # seconds
SLOW = 1.0  # seconds
PART = Part(np.zeros((8, 1, 4, 4), np.float32), np.arange(8) % 2)


@dataclass(frozen=True)
class Noted(LegTask):
    """Writes its trial's number to a file whenever a worker begins it, and then sleeps."""

    file: Path = Path()
    seconds: float = 0.0

    def __getattribute__(self, name: str) -> object:
        own = object.__getattribute__(self, "__dict__")
        if name == "network" and "begun" not in own and multiprocessing.parent_process():
            own["begun"] = True
            with own["file"].open("a") as file:
                file.write(f"{own['trial']}\n")
            time.sleep(own["seconds"])
        return super().__getattribute__(name)


class Bench:
    """An engine of one worker, whose legs are short."""

    def __init__(self, folder: Path) -> None:
        self.engine = DaskEngine.local(1, folder)
        self.inbox: queue.Queue[LegLanded] = queue.Queue()
        self._file = folder / "begun"
        self._data: Data = self.engine.load(Split(PART, PART, 2))
        self.submit(0)
        self.landed()

    def submit(self, trial: int, seconds: float = 0.0) -> Leg:
        settings = (NetworkSettings(architecture="mlp"), TrainingSettings(batch_size=4), 0)
        task = Noted(*settings, trial, 3, 3, file=self._file, seconds=seconds)
        return self.engine.submit(task, self._data, None, Share(), trial, self.inbox)

    def landed(self) -> Leg:
        landed = self.inbox.get(timeout=WAIT)
        assert isinstance(landed.result, LegDone)
        return landed.leg

    def begun(self) -> Counter[int]:
        """How often each trial was begun."""
        return Counter(map(int, self._file.read_text().split()))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.close()


def test_every_leg_is_trained_once(bench: Bench) -> None:
    legs = {bench.submit(trial) for trial in range(1, 30)}
    assert {bench.landed() for _ in legs} == legs
    assert bench.inbox.empty()
    assert bench.begun() == Counter(range(30))


def test_a_leg_that_was_handed_ahead_is_given_up_before_it_begins(bench: Bench) -> None:
    slow, ahead, waiting = (bench.submit(trial, SLOW) for trial in (1, 2, 3))
    wait_until(lambda: bench.begun()[1] == 1, WAIT, "the slow leg's beginning")
    assert (bench.engine.flying(), bench.engine.waiting()) == (1, 2)
    ahead.release()
    assert [bench.landed(), bench.landed()] == [slow, waiting]
    assert bench.begun() == Counter((0, 1, 3))
