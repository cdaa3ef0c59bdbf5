"""Parameters of a search space, in Optuna's words: float, int, categorical."""

import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    Discriminator,
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
from hpsearch.spec.bounds import Bounds

Value = bool | int | float | str
"""A value that a parameter can take."""

Choice = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=100)]


MAX_NUMBER = 1e12
Whole = Annotated[int, Bounds(ge=-(2**53), le=2**53)]


class _Conditional(Part):
    when: dict[str, list[Choice]] | None = None
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
        return step


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


class CategoricalParameter(_Conditional):
    """One of `choices`."""

    type: Literal["categorical"] = "categorical"
    choices: list[Choice] = Field(min_length=1, max_length=1000)

    @field_validator("choices")
    @classmethod
    def _all_different(cls, choices: list[Choice]) -> list[Choice]:
        if len({(type(choice), choice) for choice in choices}) != len(choices):
            raise ValueError("choices must differ from each other")
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
