"""What a search would take."""

from api.schemas.base import Answer
from hpsearch.estimate import Estimate


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
