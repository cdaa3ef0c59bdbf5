"""Where a value lies on an axis, and which colour it has. Positions are in units of the picture."""

import math
from dataclasses import dataclass

from hpsearch.spec.space import CategoricalParameter, Parameter, Value

ANCHORS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""From low to high, even in lightness (after viridis): read in grey and by colour-blind people."""
SHADES = 24
MOST_TICKS = 8


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """From `low` at `start` to `high` at `end`; `choices` instead for a categorical parameter.

    step: between values of the parameter, counted from `low`; None where any value will do.
    """

    label: str
    low: float
    high: float
    start: float
    end: float
    log: bool = False
    choices: tuple[str, ...] = ()
    step: float | None = None

    def at(self, value: Value) -> float | None:
        """The position of a value, kept inside the axis; None if it has no place there."""
        if self.choices:
            text = str(value)
            if text not in self.choices:
                return None
            return self._place((self.choices.index(text) + 0.5) / len(self.choices))
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        if self.log and value <= 0:
            return None
        low, high, place = self._bent(self.low), self._bent(self.high), self._bent(value)
        return self._place((place - low) / (high - low) if high > low else 0.5)

    @property
    def ticks(self) -> list[Tick]:
        """Values that are round on this axis, with how they are written."""
        if self.choices:
            return [Tick(self.at(each) or 0.0, each[:14]) for each in self.choices[:40]]
        values = _decades(self.low, self.high) if self.log else _round_steps(self.low, self.high)
        found = ((self.at(value), value) for value in values)
        return [Tick(place, written(value)) for place, value in found if place is not None]

    def _bent(self, value: float) -> float:
        return math.log10(value) if self.log else float(value)

    def _place(self, share: float) -> float:
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 1)


def axis_of(name: str, parameter: Parameter, start: float, end: float) -> Axis:
    """The axis of a parameter: all of its range."""
    if isinstance(parameter, CategoricalParameter):
        choices = tuple(str(choice) for choice in parameter.choices)
        return Axis(name, 0, len(choices), start, end, choices=choices)
    return Axis(
        name, parameter.low, parameter.high, start, end, log=parameter.log, step=parameter.step
    )


def written(value: float) -> str:
    """A number as a tick has it: powers of ten as such, others short."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        mantissa, _, exponent = f"{value:.2g}".partition("e")
        return f"{mantissa}e{int(exponent or 0)}" if exponent else mantissa
    return f"{value:.4g}"


def colour(share: float) -> str:
    """The colour of a share of the way from the worst to the best; there are SHADES of them."""
    share = round(min(max(share, 0.0), 1.0) * (SHADES - 1)) / (SHADES - 1)
    place = share * (len(ANCHORS) - 1)
    first = min(int(place), len(ANCHORS) - 2)
    pairs = zip(ANCHORS[first], ANCHORS[first + 1], strict=True)
    mixed = [round(a + (b - a) * (place - first)) for a, b in pairs]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def _decades(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last <= first:
        return [low, high] if high > low else [low]
    stride = max(1, math.ceil((last - first) / MOST_TICKS))
    return [10.0**exponent for exponent in range(first, last + 1, stride)]


def _round_steps(low: float, high: float) -> list[float]:
    if high <= low:
        return [low]
    rough = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
