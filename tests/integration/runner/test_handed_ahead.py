"""Real workers that have their next leg before they are free: who trains it, and how often."""

import multiprocessing
import os
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
from hpsearch.runner.dask_leg import DaskLeg
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
    """Writes its trial and the worker's process to a file when it is begun, and then sleeps."""

    file: Path = Path()
    seconds: float = 0.0

    def __getattribute__(self, name: str) -> object:
        own = object.__getattribute__(self, "__dict__")
        if name == "network" and "begun" not in own and multiprocessing.parent_process():
            own["begun"] = True
            with own["file"].open("a") as file:
                file.write(f"{own['trial']} {os.getpid()}\n")
            time.sleep(own["seconds"])
        return super().__getattribute__(name)


class Bench:
    """An engine whose legs are short."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.engine = DaskEngine.local(workers, folder)
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
        return Counter(trial for trial, _ in self.places())

    def places(self) -> list[tuple[int, int]]:
        """The trials that were begun, in order, each with the worker's process."""
        lines = (line.split() for line in self._file.read_text().splitlines())
        return [(int(trial), int(worker)) for trial, worker in lines]


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """With one worker, or as many as the test is marked for."""
    made = Bench(tmp_path, getattr(request, "param", 1))
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


@pytest.mark.parametrize("bench", [2], indirect=True)
def test_workers_train_what_they_were_sent(bench: Bench) -> None:
    """All but the last few, which a worker that has nothing left may take over."""
    legs = [bench.submit(trial, SLOW / 20) for trial in range(1, 21)]
    assert {bench.landed() for _ in legs} == set(legs)
    sent = [leg.worker for leg in legs if isinstance(leg, DaskLeg)]
    trained = dict(bench.places())
    pairs = Counter(zip(sent, (trained[trial] for trial in range(1, 21)), strict=True))
    assert len(set(sent)) == 2
    assert sum(count for _, count in pairs.most_common(2)) >= 18
