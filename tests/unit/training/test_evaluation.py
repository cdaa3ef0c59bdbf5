"""The scores of answers, against the definitions written out as loops."""

import math

import numpy as np
import pytest

from hpsearch.scores import Scores
from hpsearch.spec.objective import Objective
from hpsearch.training.evaluation import scores_of


def by_definition(labels: list[int], answers: list[int]) -> tuple[float, float, float]:
    pairs = list(zip(labels, answers, strict=True))
    recalls, f1s = [], []
    for each in sorted(set(labels)):
        hit = sum(label == answer == each for label, answer in pairs)
        missed = sum(label == each != answer for label, answer in pairs)
        false = sum(answer == each != label for label, answer in pairs)
        recalls.append(hit / (hit + missed))
        precision = hit / (hit + false) if hit + false else 0.0
        recall = hit / (hit + missed)
        both = precision + recall
        f1s.append(2 * precision * recall / both if both else 0.0)
    accuracy = sum(label == answer for label, answer in pairs) / len(pairs)
    return accuracy, sum(recalls) / len(recalls), sum(f1s) / len(f1s)


@pytest.mark.parametrize("seed", range(5))
def test_as_defined(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels, answers = generator.integers(0, 7, (2, 200))
    found = scores_of(labels, answers, 0.5)
    expected = by_definition(labels.tolist(), answers.tolist())
    assert (found.accuracy, found.balanced_accuracy, found.macro_f1) == pytest.approx(expected)


def test_a_class_that_nobody_is_taken_for_has_f1_0() -> None:
    labels, always_zero = np.array([0, 0, 0, 1]), np.zeros(4, np.int64)
    found = scores_of(labels, always_zero, 0.5)
    assert found == Scores(0.75, 0.5, 0.5, (2 * 3 / (3 + 4) + 0) / 2)


def test_a_class_without_images_does_not_count() -> None:
    found = scores_of(np.array([0, 2]), np.array([0, 1]), 0.5)
    assert (found.balanced_accuracy, found.macro_f1) == (0.5, 0.5)


def test_whatever_the_order_of_the_images_the_bits_are_the_same() -> None:
    generator = np.random.default_rng(0)
    labels, answers = generator.integers(0, 10, (2, 500))
    order = generator.permutation(500)
    assert scores_of(labels, answers, 1.0) == scores_of(labels[order], answers[order], 1.0)


def test_the_objective_names_one() -> None:
    scores = Scores(accuracy=0.1, loss=0.2, balanced_accuracy=0.3, macro_f1=0.4)
    assert [scores.of(objective) for objective in Objective] == [0.1, 0.3, 0.4, 0.2]
    assert math.isnan(Scores(0, math.nan, 0, 0).of(Objective.LOSS))
