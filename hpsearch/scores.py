"""How good a network is on a part of the data, by every measure that a search may name."""

import math
from dataclasses import dataclass

from hpsearch.spec.objective import Objective


@dataclass(frozen=True)
class Scores:
    """accuracy: share of images classified right. loss: mean cross-entropy in nats.

    balanced_accuracy: mean over the classes of the share of their images classified right.
    macro_f1: mean over the classes of 2 TP / (2 TP + FP + FN), 0 for a class that no image was
    taken for. Both take the classes that the part has images of.
    """

    accuracy: float
    loss: float
    balanced_accuracy: float
    macro_f1: float

    def of(self, objective: Objective) -> float:
        """The one that the objective names."""
        by_name = {
            Objective.ACCURACY: self.accuracy,
            Objective.BALANCED_ACCURACY: self.balanced_accuracy,
            Objective.MACRO_F1: self.macro_f1,
            Objective.LOSS: self.loss,
        }
        return by_name[objective]


UNKNOWN = Scores(math.nan, math.nan, math.nan, math.nan)
"""Of a training that left the finite numbers, or was stopped."""
