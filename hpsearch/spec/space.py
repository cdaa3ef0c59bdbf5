"""Parameters of a search space, in Optuna's words: float, int, categorical."""

import json
import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    Discriminator,
    FailFast,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationInfo,
    field_validator,
)

from hpsearch.spec.base import Part
from hpsearch.spec.bounds import STORED, Bounds, shown
from hpsearch.spec.grid import Grid, grid_of

Value = bool | int | float | str | None
"""A value that a parameter can take; null stands for a setting that is left out."""


def same(one: Value, other: Value) -> bool:
    """Equal and of one kind: True is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def as_number(value: Value) -> float:
    """The value of a parameter that is a number in every trial."""
    assert isinstance(value, int | float), f"{value!r} is not a number"
    return float(value)


Choice = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=100)] | None


MAX_NUMBER = 1e12
MAX_STEPS = 10**9
RESOLUTION = 1e-12
"""Of the larger end of a range: what lies closer together cannot be told apart safely."""
MAX_CHOICES = 1000
Whole = Annotated[int, Bounds(ge=-(2**53), le=2**53)]


class _Conditional(Part):
    when: dict[str, Annotated[list[Choice], FailFast()]] | None = None
    """Sample this parameter only in trials where each named parameter has one of these values."""


class FloatParameter(_Conditional):
    """A real number between `low` and `high`, both included."""

    type: Literal["float"] = "float"
    low: Annotated[float, Bounds(ge=-MAX_NUMBER, le=MAX_NUMBER)]
    high: Annotated[float, Bounds(ge=-MAX_NUMBER, le=MAX_NUMBER)]
    log: bool = False
    """Sample on a logarithmic scale; `low` must then be above 0."""
    step: Annotated[float, Bounds(gt=0, le=MAX_NUMBER)] | None = None
    """Only values that are whole steps above `low`: at least a billionth of `high - low`."""

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: float, info: ValidationInfo) -> float:
        return _not_below_low(high, info)

    @field_validator("log")
    @classmethod
    def _has_logarithm(cls, log: bool, info: ValidationInfo) -> bool:
        return _low_has_logarithm(log, info)

    @field_validator("step")
    @classmethod
    def _no_step_with_log(cls, step: float | None, info: ValidationInfo) -> float | None:
        if step is not None and info.data.get("log"):
            raise ValueError("a log scale takes no step")
        low, high = info.data.get("low"), info.data.get("high")
        if step is None or low is None or high is None or info.context is STORED:
            return step
        finest = max((high - low) / MAX_STEPS, RESOLUTION * max(abs(low), abs(high)))
        if step < finest:
            raise ValueError(f"must be at least {shown(finest)}, a {MAX_STEPS:,}th of the range")
        return step

    def grid(self) -> Grid | None:
        """The values that it can have, if it goes in steps."""
        return None if self.step is None else grid_of(self.low, self.high, self.step, whole=False)


class IntParameter(_Conditional):
    """A whole number between `low` and `high`, both included."""

    type: Literal["int"] = "int"
    low: Whole
    high: Whole
    log: bool = False
    """Sample on a logarithmic scale; `low` must then be at least 1."""
    step: Annotated[int, Bounds(ge=1, le=2**53)] = 1
    """Only values that are whole steps above `low`."""

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: int, info: ValidationInfo) -> int:
        return _not_below_low(high, info)

    @field_validator("log")
    @classmethod
    def _has_logarithm(cls, log: bool, info: ValidationInfo) -> bool:
        return _low_has_logarithm(log, info)

    @field_validator("step")
    @classmethod
    def _no_step_with_log(cls, step: int, info: ValidationInfo) -> int:
        if step != 1 and info.data.get("log"):
            raise ValueError("a log scale takes no step")
        return step

    def grid(self) -> Grid | None:
        """The values that it can have."""
        return grid_of(self.low, self.high, self.step, whole=True)


class CategoricalParameter(_Conditional):
    """One of `choices`."""

    type: Literal["categorical"] = "categorical"
    choices: Annotated[list[Choice], FailFast()] = Field(min_length=1, max_length=MAX_CHOICES)

    @field_validator("choices")
    @classmethod
    def _all_different(cls, choices: list[Choice], info: ValidationInfo) -> list[Choice]:
        if info.context is STORED:
            return choices
        seen: dict[Choice, Choice] = {}
        for choice in choices:
            if choice in seen:
                pair = f"{json.dumps(seen[choice])} and {json.dumps(choice)}"
                raise ValueError(f"choices must differ from each other: {pair} are equal")
            seen[choice] = choice
        return choices


Number = TypeVar("Number", int, float)


def _not_below_low(high: Number, info: ValidationInfo) -> Number:
    low = info.data.get("low")
    if low is not None and low > high:
        raise ValueError(f"high ({high:g}) must not be below low ({low:g})")
    if low is not None and not math.isfinite(high - low):
        raise ValueError("low and high are too far apart")
    return high


def _low_has_logarithm(log: bool, info: ValidationInfo) -> bool:
    low = info.data.get("low")
    if log and low is not None and low <= 0:
        raise ValueError(f"a log scale needs a low above 0, not {low:g}")
    return log


def _type_of(data: Any) -> str | None:
    kind = data.get("type") if isinstance(data, dict) else getattr(data, "type", None)
    if kind is None and isinstance(data, dict):
        return "categorical" if "choices" in data else "float"
    return kind if isinstance(kind, str) else None


Parameter = Annotated[
    Annotated[FloatParameter, Tag("float")]
    | Annotated[IntParameter, Tag("int")]
    | Annotated[CategoricalParameter, Tag("categorical")],
    Discriminator(
        _type_of,
        custom_error_type="parameter_type",
        custom_error_message="type must be float, int or categorical",
    ),
]
