"""Whom the engine holds to be the cause where real workers die."""

import multiprocessing
import os
import queue
import signal
from pathlib import Path

import numpy as np

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import WorkerLost
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import LegDone, LegFailed, LegLanded
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask

WAIT = 120  # seconds
SETTINGS = (NetworkSettings(architecture="mlp"), TrainingSettings(batch_size=4), 0, 0, 3, 3)
PART = Part(np.zeros((8, 1, 4, 4), np.float32), np.arange(8) % 2)


class Killer(LegTask):
    """Kills the worker that trains it, as a network does that the memory cannot hold."""

    def __getattribute__(self, name: str) -> object:
        if name == "network" and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


class Overbooked(DaskEngine):
    """Gives its only worker two legs at a time, until three workers died."""

    def _recount(self) -> None:
        super()._recount()
        if self.losses() < 3:
            self._board.slots = 2


def test_a_leg_that_waits_behind_a_killer_is_not_held_to_be_one(tmp_path: Path) -> None:
    killed: queue.Queue[LegLanded] = queue.Queue()
    spared: queue.Queue[LegLanded] = queue.Queue()
    engine = Overbooked.local(1, tmp_path)
    try:
        data = engine.load(Split(PART, PART, 2))
        engine.submit(Killer(*SETTINGS), data, None, Share(), 0, killed)
        engine.submit(LegTask(*SETTINGS), data, None, Share(), 1, spared)
        culprit = killed.get(timeout=WAIT).result
        innocent = spared.get(timeout=WAIT).result
    finally:
        engine.close()
    assert isinstance(innocent, LegDone)
    assert isinstance(culprit, LegFailed)
    assert isinstance(culprit.error, WorkerLost)
