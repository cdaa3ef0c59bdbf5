"""A real worker that answers what it was not asked for: its leg fails, the next one is trained."""

import multiprocessing
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import AnswerRefused
from hpsearch.runner import worker_tasks
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.ports import LegDone, LegFailed, LegLanded, LegResult
from hpsearch.runner.worker_answers import report_bytes
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask

WAIT = 120  # seconds
SETTINGS = (NetworkSettings(architecture="mlp"), TrainingSettings(batch_size=4), 0, 0, 3, 3)
PART = Part(np.zeros((8, 1, 4, 4), np.float32), np.arange(8) % 2)


@dataclass(frozen=True)
class Trap:
    """Leaves a file behind wherever it is unpickled."""

    file: Path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


@dataclass(frozen=True)
class Liar(LegTask):
    """Has its worker report what `lie` makes instead; None for the truth."""

    lie: Callable[[], object] | None = None

    def __getattribute__(self, name: str) -> object:
        if name == "network" and multiprocessing.parent_process() is not None:
            lie = self.lie
            told = report_bytes if lie is None else lambda _: lie()
            vars(worker_tasks)["report_bytes"] = told
        return super().__getattribute__(name)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DaskEngine]:
    made = DaskEngine.local(1, tmp_path)
    yield made
    made.close()


def test_lies_end_their_own_legs_and_nothing_is_unpickled(
    engine: DaskEngine, tmp_path: Path
) -> None:
    data = engine.load(Split(PART, PART, 2))

    def result_of(lie: Callable[[], object] | None) -> LegResult:
        inbox: queue.Queue[LegLanded] = queue.Queue()
        engine.submit(Liar(*SETTINGS, lie=lie), data, None, Share(), 0, inbox)
        return inbox.get(timeout=WAIT).result

    trap = tmp_path / "unpickled"
    lies: list[Callable[[], object]] = [
        *(lambda: {"value": 0.5}, lambda: b'{"value": 2}', lambda: 1e300, lambda: np.zeros(5)),
        *(lambda: Trap(trap), lambda: b"x" * 50_000_000),
    ]
    for lie in lies:
        result = result_of(lie)
        assert isinstance(result, LegFailed)
        assert isinstance(result.error, AnswerRefused)
    assert not trap.exists()
    assert isinstance(result_of(None), LegDone)
    assert not engine.lost()
