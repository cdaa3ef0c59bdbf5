"""What a leg takes is counted before it is taken."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import LegTooLarge
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training import workshop
from hpsearch.training.footprint import PROCESS, available, footprint, network_bytes
from hpsearch.training.leg import LegTask, run_leg

WIDE = NetworkSettings(architecture="mlp", hidden_units=800, hidden_layers=2)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    workshop._kept.clear()


def data() -> Split:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 1, 28, 28), dtype=np.uint8)
    part = Part(pixels, np.arange(60) % 10)
    return Split(part, part, 10)


def task(network: NetworkSettings, training: TrainingSettings, steps: int) -> LegTask:
    return LegTask(network, training, 0, 0, steps, 10)


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("network", [WIDE, NetworkSettings(architecture="lenet5")])
def test_no_leg_takes_more_than_its_footprint(network: NetworkSettings, optimizer: str) -> None:
    training = TrainingSettings.model_validate({"optimizer": optimizer, "batch_size": 20})
    split = data()
    counted = footprint(network, training, split.shape, 10, 20, 0).total

    def two_legs() -> None:
        state, _ = run_leg(task(network, training, 2), split, None)
        run_leg(task(network, training, 4), split, state)

    taken = peak(two_legs)
    assert taken < counted + 1_000_000
    assert counted < 3 * taken


def test_a_leg_that_does_not_fit_takes_nothing() -> None:
    large = NetworkSettings(architecture="mlp", hidden_units=20_000, hidden_layers=3)

    def refused() -> None:
        with pytest.raises(LegTooLarge, match=r"training mlp with batch_size 20 would need .* MB"):
            run_leg(task(large, TrainingSettings(batch_size=20), 1), data(), None, memory=2**30)

    assert peak(refused) < 2_000_000


def test_networks_that_are_kept_make_room_for_a_large_leg() -> None:
    training = TrainingSettings(batch_size=20)
    run_leg(task(WIDE, training, 1), data(), None)
    assert len(workshop._kept) == 1
    small = NetworkSettings(architecture="mlp", hidden_units=10)
    needed = footprint(small, training, (1, 28, 28), 10, 20, data().image_bytes).total
    run_leg(task(small, training, 1), data(), None, memory=needed + 1000)
    assert [kind[0] for kind in workshop._kept] == [small]


def test_no_more_is_kept_than_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "KEPT_BYTES", network_bytes(WIDE, (1, 28, 28), 10, 20) - 1)
    run_leg(task(WIDE, TrainingSettings(batch_size=20), 1), data(), None)
    assert not workshop._kept


def test_a_worker_keeps_some_of_its_memory_for_itself() -> None:
    assert available(2**30) < 2**30 - PROCESS
    assert available(PROCESS) == 0
