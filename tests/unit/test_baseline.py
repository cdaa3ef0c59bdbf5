"""What guessing scores, and that a guess passes for more as rarely as it is said to."""

import math

import numpy as np
import pytest

from hpsearch.baseline import LUCK, Baseline
from hpsearch.spec.objective import Objective

TEN = Baseline.balanced(10, 1500)
TWO = Baseline((120, 120))
UNEVEN = Baseline((400, 20))
SCORES = (Objective.ACCURACY, Objective.BALANCED_ACCURACY, Objective.MACRO_F1)


def test_the_best_constant_answer() -> None:
    assert UNEVEN.constant(Objective.ACCURACY) == 400 / 420
    assert UNEVEN.constant(Objective.BALANCED_ACCURACY) == 0.5
    assert UNEVEN.constant(Objective.MACRO_F1) >= 0.5 * 2 * 400 / (2 * 400 + 20)
    assert TWO.constant(Objective.LOSS) == pytest.approx(math.log(2))


def test_classes_without_an_image_do_not_count() -> None:
    assert Baseline((5, 5, 0)).constant(Objective.BALANCED_ACCURACY) == 0.5
    assert Baseline((5, 5, 0)).constant(Objective.LOSS) == pytest.approx(math.log(2))


def test_counts_of_labels() -> None:
    assert Baseline.of(np.array([0, 2, 2]), 4).counts == (1, 0, 2, 0)
    assert Baseline.balanced(3, 8).counts == (3, 3, 2)


def test_the_bar_knows_how_many_images_there_are() -> None:
    assert TWO.bar(Objective.ACCURACY) == 140 / 240
    assert 0.5 < Baseline.balanced(2, 100_000).bar(Objective.ACCURACY) < 0.51
    assert TEN.bar(Objective.ACCURACY) < 0.15
    for objective in Objective:
        chance = UNEVEN.constant(objective)
        assert objective.upward(UNEVEN.bar(objective)) > objective.upward(chance)


def test_a_perfect_score_is_past_chance_however_few_the_images() -> None:
    few = Baseline((5, 1))
    assert few.beaten_by(1.0, Objective.ACCURACY)
    assert not few.beaten_by(5 / 6, Objective.ACCURACY)


@pytest.mark.parametrize("baseline", [TEN, TWO, UNEVEN])
def test_guesses_pass_as_rarely_as_is_said(baseline: Baseline) -> None:
    """Each of 4000 guesses answers each class as often as it likes, whatever the image."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(baseline.counts)), baseline.counts)
    passed = dict.fromkeys(Objective, 0)
    for _ in range(4000):
        shares = generator.dirichlet(np.ones(len(baseline.counts)))
        answers = generator.choice(len(shares), len(labels), p=shares)
        right = np.bincount(labels[answers == labels], minlength=len(shares))
        f1 = 2 * right / (np.bincount(labels) + np.bincount(answers, minlength=len(shares)))
        scores = {
            Objective.ACCURACY: right.sum() / len(labels),
            Objective.BALANCED_ACCURACY: (right / baseline.counts).mean(),
            Objective.MACRO_F1: f1.mean(),
            Objective.LOSS: -np.log(shares[labels]).mean(),
        }
        for objective, score in scores.items():
            passed[objective] += baseline.beaten_by(float(score), objective)
    assert all(count <= 4000 * LUCK * 3 for count in passed.values()), passed
