"""Learning rates over a training, and clipping."""

import numpy as np
import pytest

from hpsearch.nn.optimizers.schedule import clip, learning_rate_at
from hpsearch.spec.training import TrainingSettings


def rates(steps: int = 12, **settings: object) -> list[float]:
    training = TrainingSettings.model_validate({"learning_rate": 0.8, **settings})
    return [learning_rate_at(training, step, steps) for step in range(steps)]


def test_constant() -> None:
    assert set(rates()) == {0.8}


def test_step() -> None:
    expected = [0.8] * 4 + [0.4] * 4 + [0.2] * 4
    assert rates(schedule="step", schedule_factor=0.5) == pytest.approx(expected)


def test_cosine() -> None:
    values = rates(schedule="cosine", schedule_floor=0.25)
    assert values[0] == 0.8
    assert values[6] == pytest.approx(0.8 * 0.625)
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0.2


def test_warm_up() -> None:
    values = rates(warm_up=0.25)
    assert values[:4] == pytest.approx([0.8 / 3, 1.6 / 3, 0.8, 0.8])


def test_beyond_the_horizon_the_rate_stays() -> None:
    training = TrainingSettings(schedule="cosine", learning_rate=1.0, schedule_floor=0.1)
    assert learning_rate_at(training, 50, 10) == pytest.approx(0.1)


def test_clip() -> None:
    gradient = np.array([3.0, 4.0])
    clip(gradient, 10)
    np.testing.assert_array_equal(gradient, [3, 4])
    clip(gradient, 1)
    np.testing.assert_allclose(gradient, [0.6, 0.8])
