"""What a search makes good: the measure that its trials are compared by."""

import math
from enum import StrEnum


class Objective(StrEnum):
    """A measure on the validation part, by its name in specs and answers."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    MACRO_F1 = "macro_f1"
    LOSS = "loss"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def direction(self) -> str:
        """Optuna's word: maximize or minimize."""
        return "minimize" if self is Objective.LOSS else "maximize"

    @property
    def highest(self) -> float:
        """What no value is beyond; the lowest is 0."""
        return math.inf if self is Objective.LOSS else 1.0

    def upward(self, value: float) -> float:
        """The value on a scale where more is better: a loss is negated. Its own inverse."""
        return -value if self is Objective.LOSS else value
