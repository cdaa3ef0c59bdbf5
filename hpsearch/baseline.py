"""What guessing brings on a validation part, and when a score is more than a guess's luck."""

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hpsearch.spec.objective import Objective

LUCK = 0.005
"""How often a guess may be taken for more, at most: in one of 200 trials."""


@dataclass(frozen=True)
class Baseline:
    """The validation part's images by class, and what follows from them for guesses.

    A guess is an answer that knows nothing of the image: always the same class, or drawn at random.
    """

    counts: tuple[int, ...]

    @classmethod
    def of(cls, labels: npt.NDArray[np.int64], classes: int) -> "Baseline":
        """Of a validation part with these labels, 0 to classes - 1."""
        return cls(tuple(np.bincount(labels, minlength=classes).tolist()))

    @classmethod
    def balanced(cls, classes: int, images: int) -> "Baseline":
        """Of `images` images, as evenly as can be over the classes."""
        return cls(tuple(images // classes + (each < images % classes) for each in range(classes)))

    def sha256(self) -> str:
        """Of the counts, in hexadecimal."""
        return hashlib.sha256(",".join(map(str, self.counts)).encode()).hexdigest()

    @property
    def images(self) -> int:
        return sum(self.counts)

    def constant(self, objective: Objective) -> float:
        """What the best constant answer scores.

        The share of the largest class; one in the number of classes where each counts alike (for
        macro F1 that is an upper bound); and for the loss the entropy of the classes' shares, in
        nats.
        """
        if objective is Objective.ACCURACY:
            return max(self.counts) / self.images
        if objective is Objective.LOSS:
            return -math.fsum(share * math.log(share) for share in self._shares)
        return 1 / len(self._shares)

    def bar(self, objective: Objective) -> float:
        """The score that a trial must be better than to be past chance; it knows how many images.

        A guess passes it with probability `LUCK` at most. Accuracy: the one-sided exact binomial
        test (Clopper and Pearson 1934) of the largest class's share, which is also the best that
        guessing at random can expect. Balanced accuracy and macro F1: the same test of one in the
        number of classes, with as many images as would tell equally well if classes were balanced.
        Loss: the network's probabilities and the classes' shares are two hypotheses about the
        labels; where images say nothing, their likelihood ratio exceeds 1 / LUCK with probability
        LUCK at most (Markov's inequality; Royall 1997, Statistical Evidence, 1.4).
        Where not even a perfect score would tell, the bar lies one image below it (of the loss: at
        0, which none is below).
        """
        return _bar(self.counts, objective)

    def beaten_by(self, value: float, objective: Objective) -> bool:
        """Whether a trial with this value is past chance."""
        return objective.upward(value) > objective.upward(self.bar(objective))

    @property
    def _shares(self) -> list[float]:
        """Of the classes that the part has images of."""
        return [count / self.images for count in self.counts if count]


@lru_cache(maxsize=64)
def _bar(counts: tuple[int, ...], objective: Objective) -> float:
    baseline = Baseline(counts)
    chance = baseline.constant(objective)
    if objective is Objective.LOSS:
        below = chance + math.log(LUCK) / baseline.images
        return max(0.0, round(below, 6))  # whatever the last bits of this machine's logarithm
    present = [count for count in counts if count]
    images = baseline.images
    if objective is not Objective.ACCURACY:
        images = max(1, int(len(present) ** 2 / math.fsum(1 / count for count in present)))
    return _most_by_luck(images, chance) / images


def _most_by_luck(images: int, chance: float) -> int:
    """Images that a guess has right at most, but for luck; never all of them."""
    from scipy.stats import binom  # noqa: PLC0415 - takes a second; only running searches need it

    return min(images - 1, int(binom.isf(LUCK, images, chance)))
