"""Intervals and comparisons of scores that repeated trainings gave, as pure functions.

Scores are shares of images classified right. Trainings that are repeated on fresh splits of the
same images are not independent: their training parts overlap, so that the plain t-test finds
differences that are not there. What is done about it here stands in
docs/decisions/what-the-certificate-knows.md, with how often each formula was right.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """Where the truth lies, with 95 % confidence."""

    low: float
    high: float

    def within(self, low: float, high: float) -> "Interval":
        """What of it lies between two numbers that are certain."""
        return Interval(max(low, self.low), min(high, self.high))


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """Of the distribution that the values are drawn from; at least two values."""
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def resampled_interval(values: Sequence[float], ratio: float) -> Interval:
    """The interval of the mean of values from repeated random splits of the same images.

    `ratio` is validation images over training images of a split. The corrected resampled t-test of
    Nadeau and Bengio (2003), "Inference for the Generalization Error": the variance of the mean is
    (1 / repeats + ratio) times the values'.
    """
    repeats = len(values)
    error = math.sqrt((1 / repeats + ratio) * variance(values))
    half = quantile(repeats - 1) * error
    return Interval(mean(values) - half, mean(values) + half)


def final_interval(scores: Sequence[float], images: int) -> Interval:
    """The interval of the accuracy that a setting gives on average, from repeated trainings.

    scores: of at least two trainings on all training data, all on the same `images` test images.
    How far these scores lie apart is what the luck of a training does; the repeats of the verdict
    differ by more than that, because each of them has another, smaller part to train on.
    """
    return accuracy_interval(mean(scores), images, variance(scores) / len(scores), len(scores) - 1)


def accuracy_interval(score: float, images: int, luck_variance: float, freedom: float) -> Interval:
    """The interval of an accuracy, from a score with the luck of trainings in it.

    score: share of `images` unseen images that were classified right. luck_variance: of the score
    from training to training, estimated with `freedom` degrees of freedom.

    Wilson's interval with the luck added to its variance, (p − score)² ≤ t² (p (1 − p) / images +
    luck), solved for p; t has the degrees of freedom of Welch and Satterthwaite.
    """
    binomial = max(score * (1 - score), 1 / (4 * images)) / images
    total = binomial + luck_variance
    effective = freedom * (total / luck_variance) ** 2 if luck_variance else math.inf
    square = quantile(min(effective, 1e6)) ** 2
    a = 1 + square / images
    b = 2 * score + square / images
    c = score**2 - square * luck_variance
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return Interval(max(0.0, (b - root) / (2 * a)), min(1.0, (b + root) / (2 * a)))


def quantile(freedom: float) -> float:
    """Of Student's distribution, two-sided."""
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
