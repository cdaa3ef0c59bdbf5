"""What all parts of a spec have in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A frozen part of a spec: unknown fields, NaN and infinity are refused, never ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        strict=False,
        use_attribute_docstrings=True,
    )
