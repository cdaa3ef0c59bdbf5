"""Data sets, proofs and problems."""

from typing import Any

from pydantic import Field

from api.schemas.base import Answer
from hpsearch.runner.estimate import Estimate


class DatasetAnswer(Answer):
    name: str
    classes: int | None
    shape: list[int] | None
    """Channels, height and width of an image."""
    training: int | None
    """Training images."""
    test: int | None
    """Test images; the search never reads them."""
    source: str
    sha256: str | None
    available: bool
    how: str | None
    """How to get it, where it is not available."""


class DatasetList(Answer):
    items: list[DatasetAnswer]


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


class DigestAnswer(Answer):
    digest: str
    """SHA-256 in hexadecimal."""
    final: bool
    """Whether the job has ended; until then the digest is that of what there is."""
    environment: dict[str, str]
    """Equal digests can be expected where these are equal."""


class EstimateAnswer(Answer):
    seconds: float
    """From the start of the job to its end, with all workers to itself."""
    trials: int
    epochs: float
    """Epochs of training, summed over all trials."""
    memory_bytes: int
    """The most that one worker needs for its data, workspaces and states."""
    workers: int

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateAnswer":
        return cls(
            seconds=round(estimate.seconds, 1),
            trials=estimate.trials,
            epochs=round(estimate.epochs, 2),
            memory_bytes=estimate.memory_bytes,
            workers=estimate.workers,
        )
