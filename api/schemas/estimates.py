"""What a search would take."""

from api.schemas.base import API, Answer
from hpsearch.estimate import Estimate
from hpsearch.runner.estimate_desk import Pending


class EstimateAnswer(Answer):
    seconds: float
    """From the start of the job to its end, with all workers to itself."""
    trials: int
    epochs: float
    """Epochs of training, summed over all trials."""
    confirm_epochs: float
    """Epochs of training for the certificate, which are not of the search's budget."""
    memory_bytes: int
    """The most that one worker needs for its data, workspaces and states."""
    workers: int
    points: int | None
    """Distinct points of the space; null if there is no end to them."""
    exhausts: bool
    """Whether each point is trained once, to the end; the job then ends as `space exhausted`."""

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateAnswer":
        return cls(
            seconds=round(estimate.seconds, 1),
            trials=estimate.trials,
            epochs=round(estimate.epochs, 2),
            confirm_epochs=round(estimate.confirm_epochs, 2),
            memory_bytes=estimate.memory_bytes,
            workers=estimate.workers,
            points=estimate.points,
            exhausts=estimate.exhausts,
        )


class EstimateLinks(Answer):
    self: str


class EstimatePending(Answer):
    """An estimate that is not there yet."""

    id: str
    waits_for: str
    """In words: `fetching mnist`, `a worker`, `its timing on a worker`."""
    links: EstimateLinks

    @classmethod
    def of(cls, pending: Pending) -> "EstimatePending":
        links = EstimateLinks(self=f"{API}/estimates/{pending.id}")
        return cls(id=pending.id, waits_for=pending.waits_for, links=links)
