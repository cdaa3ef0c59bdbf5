"""Problems, as RFC 9457 has them."""

from typing import Any

from pydantic import Field

from api.schemas.base import Answer


class FieldProblemAnswer(Answer):
    field: str
    """Dotted path of the field at fault (space.learning_rate.low)."""
    message: str
    got: Any = None
    allowed: str | None = None


class ProblemAnswer(Answer):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblemAnswer] = Field(default_factory=list)
