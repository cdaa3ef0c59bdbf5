"""Parameters of a search space, in Optuna's words: float, int, categorical."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, Tag
from pydantic import model_validator

from hpsearch.spec.base import Part

Value = bool | int | float | str
"""A value that a parameter can take."""

Choice = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=100)]


class _Conditional(Part):
    when: dict[str, list[Choice]] | None = None
    """Sample this parameter only in trials where each named parameter has one of these values."""


class FloatParameter(_Conditional):
    """A real number between `low` and `high`, both included."""

    type: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False
    """Sample on a logarithmic scale; `low` must then be above 0."""
    step: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_bounds(self.low, self.high, self.log, self.step is not None)
        return self


class IntParameter(_Conditional):
    """A whole number between `low` and `high`, both included."""

    type: Literal["int"] = "int"
    low: int = Field(ge=-(2**53), le=2**53)
    high: int = Field(ge=-(2**53), le=2**53)
    log: bool = False
    """Sample on a logarithmic scale; `low` must then be at least 1."""
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_bounds(self.low, self.high, self.log, self.step != 1)
        return self


class CategoricalParameter(_Conditional):
    """One of `choices`."""

    type: Literal["categorical"] = "categorical"
    choices: list[Choice] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _check(self) -> Self:
        seen = {(type(choice), choice) for choice in self.choices}
        if len(seen) != len(self.choices):
            raise ValueError("choices must differ from each other")
        return self


def _check_bounds(low: float, high: float, log: bool, stepped: bool) -> None:
    if low > high:
        raise ValueError(f"low ({low:g}) must not be above high ({high:g})")
    if not math.isfinite(high - low):
        raise ValueError("low and high are too far apart")
    if log and low <= 0:
        raise ValueError(f"low ({low:g}) must be above 0 on a log scale")
    if log and stepped:
        raise ValueError("a log scale takes no step")


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
