"""Bounds of numbers: what a request must keep to, and what a stored spec need not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

STORED: Mapping[str, bool] = {"stored": True}
"""Validation context of what was stored before: it was checked by the rules of its own time."""


@dataclass(frozen=True)
class Bounds:
    """Annotates a number: at least `ge` or above `gt`, and at most `le` or below `lt`."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        words = {
            "minimum": self.ge,
            "exclusiveMinimum": self.gt,
            "maximum": self.le,
            "exclusiveMaximum": self.lt,
        }
        return handler(schema) | {word: end for word, end in words.items() if end is not None}

    def __str__(self) -> str:
        """In words: `above 0 and at most 1000`."""
        return " and ".join(self._words())

    def _words(self) -> Iterator[str]:
        for word, end in (
            ("at least", self.ge),
            ("above", self.gt),
            ("at most", self.le),
            ("below", self.lt),
        ):
            if end is not None:
                yield f"{word} {shown(end)}"

    def _check(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        if info.context is STORED or self._holds(value):
            return value
        raise PydanticCustomError("out_of_bounds", "must be {allowed}", {"allowed": str(self)})

    def _holds(self, value: float) -> bool:
        return (
            (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )


def shown(number: float) -> str:
    """A number as a person writes it: 100000 and 1e-12, not 1e+05."""
    if isinstance(number, int) or (number == int(number) and abs(number) < 1e7):
        return str(int(number))
    return f"{number:g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
