"""The values of a parameter that goes in steps, exact as they are written in decimals."""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

FINEST = 1e15
"""More steps than this cannot be told apart: the parameter is taken as one without steps."""
TOLERANCE = 1e-6
"""Of a step: values of earlier versions were this close to the grid, not always on it."""


@dataclass(frozen=True)
class Grid:
    """The values `low + index · step`, for index 0 to `last`, which is the last that fits.

    Each is the float (or the int, if `whole`) nearest to the decimal number: 0.1 + 2 · 0.1 is 0.3.
    """

    low: Decimal
    step: Decimal
    last: int
    whole: bool

    def value(self, index: int) -> float:
        """The value at an index; beyond the ends, the end's."""
        exact = self.low + min(max(index, 0), self.last) * self.step
        return int(exact) if self.whole else float(exact)

    def place(self, value: float) -> float:
        """Where the value lies, in steps above the lowest."""
        return (value - float(self.low)) / float(self.step)

    def snapped(self, value: float) -> float:
        """The value of the grid that is nearest."""
        return self.value(math.floor(self.place(value) + 0.5))

    def holds(self, value: float) -> bool:
        """Whether the value is one of the grid's, but for rounding."""
        return abs(self.snapped(value) - value) <= TOLERANCE * float(self.step)


@lru_cache(maxsize=4096)
def grid_of(low: float, high: float, step: float, whole: bool) -> Grid | None:
    """The grid from `low` to `high`, both included if whole steps lead there."""
    bottom, top, width = (Decimal(repr(number)) for number in (low, high, step))
    steps = (top - bottom) / width
    if steps > FINEST:
        return None
    return Grid(bottom, width, int(steps), whole)
