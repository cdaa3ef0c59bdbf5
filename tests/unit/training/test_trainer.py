"""A training step in parts, and how memory decides on them."""

import numpy as np
import pytest

from hpsearch.nn import build_network, memory, network_size
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.batches import load_batch, steps_per_epoch
from hpsearch.training.evaluation import score_batches
from hpsearch.training.trainer import Trainer


def test_parts_give_the_gradient_of_the_whole() -> None:
    whole, split = (
        Trainer(
            build_network(
                NetworkSettings(architecture="lenet5"),
                (1, 12, 12),
                4,
                np.random.default_rng(0),
                np.float64,
            ),
            TrainingSettings(batch_size=23),
        )
        for _ in range(2)
    )
    split.part_size = 5
    generator = np.random.default_rng(1)
    images = generator.random((23, 1, 12, 12)).astype(np.float32)
    labels = generator.integers(0, 4, 23)
    for _ in range(3):
        losses = [t.step(images, labels, np.arange(23), 0.1) for t in (whole, split)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    np.testing.assert_allclose(
        whole.network.parameters, split.network.parameters, rtol=0, atol=1e-12
    )


def test_a_large_batch_is_split_and_a_normalised_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "WORKSPACE_LIMIT", 2_000_000)
    for batch_norm in (False, True):
        settings = NetworkSettings(architecture="lenet5", batch_norm=batch_norm)
        network = build_network(settings, (1, 28, 28), 10, np.random.default_rng(0))
        trainer = Trainer(network, TrainingSettings(batch_size=100))
        whole = trainer.part_size == 100
        assert whole == batch_norm
        estimate = network_size(settings, (1, 28, 28), 10, 100).workspace_bytes
        assert (estimate > 2_000_000) == batch_norm


def test_a_score_needs_no_more_memory_than_training(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = NetworkSettings(architecture="lenet5", batch_norm=True)
    network = build_network(settings, (1, 28, 28), 10, np.random.default_rng(0))
    images = np.zeros((300, 1, 28, 28), np.uint8)
    widths = []
    for limit in (256 * 2**20, 8_000_000):
        monkeypatch.setattr(memory, "WORKSPACE_LIMIT", limit)
        widths.append({scores.shape[-1] for scores in score_batches(network, images, 100)})
    assert widths[0] == {100}
    assert max(widths[1]) < 50


def test_steps_per_epoch() -> None:
    assert [steps_per_epoch(n, 100) for n in (1, 100, 101, 250)] == [1, 1, 2, 3]


def test_batches_lie_with_the_image_innermost() -> None:
    images = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    out = np.empty((4, 3, 5, 2), np.float32)
    load_batch(images, np.array([1, 0]), out)
    np.testing.assert_allclose(out[2, 1, 3], images[[1, 0], 1, 2, 3] / 255, rtol=1e-6)
