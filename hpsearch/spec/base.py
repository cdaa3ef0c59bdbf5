"""What all parts of a spec have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """A frozen part of a spec: unknown fields, NaN and infinity are refused, never ignored.

    Types are those of JSON: text and booleans are not numbers. A whole number may stand where any
    number may; where a whole number must stand, 1.0 is refused.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        strict=True,
        use_attribute_docstrings=True,
    )


class NamedPart(Part):
    """A part that has a name and settings; a bare string is the name."""

    @model_validator(mode="before")
    @classmethod
    def _accept_a_bare_name(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, dict | cls):
            return data
        raise PydanticCustomError("name_or_object", "must be a name or an object")
