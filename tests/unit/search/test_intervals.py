import math

import numpy as np
import pytest
from scipy import stats

from hpsearch.search.intervals import accuracy_interval, final_interval, resampled_interval


def test_an_interval_of_repeats_knows_that_their_training_parts_overlap() -> None:
    values = [0.91, 0.93, 0.92, 0.94, 0.90]
    found = resampled_interval(values, ratio=0.25)
    spread = np.std(values, ddof=1) * math.sqrt(1 / 5 + 0.25)
    half = stats.t.ppf(0.975, 4) * spread
    assert (found.low, found.high) == pytest.approx((0.92 - half, 0.92 + half))


def test_without_luck_the_interval_of_an_accuracy_is_wilsons() -> None:
    expected = stats.binomtest(940, 1000).proportion_ci(0.95, method="wilson")
    found = accuracy_interval(0.94, 1000, luck_variance=0.0, freedom=12)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_the_ends_of_the_scale_have_intervals_with_a_width_inside_the_scale(score: float) -> None:
    found = accuracy_interval(score, 200, luck_variance=1e-3, freedom=4)
    assert 0 <= found.low < found.high <= 1
    assert found.low <= score <= found.high


@pytest.mark.parametrize("spread", [0.0, 0.003, 0.03])
def test_the_final_interval_covers_the_accuracy_as_often_as_it_says(spread: float) -> None:
    """Made-up trainings: luck of `spread` from one to the next, 1000 test images."""
    random = np.random.default_rng(8)
    covered = 0
    for _ in range(2000):
        truth = random.uniform(0.8, 0.97)
        images = random.binomial(1000, truth) / 1000  # the images are the same for each training
        scores = np.clip(images + spread * random.standard_normal(5), 0, 1).tolist()
        found = final_interval(scores, 1000)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / 2000 <= 0.98
