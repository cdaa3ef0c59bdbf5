"""What all answers have in common."""

import math

from pydantic import BaseModel, ConfigDict

API = "/api/v1"


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
