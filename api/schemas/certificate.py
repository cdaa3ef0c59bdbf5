"""The certificate of a job, as it is answered."""

from api.schemas.base import Answer, finite
from hpsearch.search.certificate import Candidate, Certificate, Final
from hpsearch.search.intervals import Interval
from hpsearch.search.likely import Likely
from hpsearch.search.verdict import Verdict
from hpsearch.spec.objective import Objective


class IntervalAnswer(Answer):
    low: float
    high: float

    @classmethod
    def of(cls, interval: Interval) -> "IntervalAnswer":
        return cls(low=interval.low, high=interval.high)


class CandidateAnswer(Answer):
    trial: int
    naive: float
    """What the search saw, on the split that it chose by."""
    scores: list[float]
    """Of its trainings again, on fresh seeds and splits; those of one place are a pair."""
    parameters: int | None
    """Numbers that its network learns, by which the cheapest of a tie is found."""
    mean: float | None
    interval: IntervalAnswer | None
    """Of the mean, with 95 % confidence; knows that the splits overlap."""
    problem: str | None
    """Why it could not be trained again, if it could not."""

    @classmethod
    def of(cls, candidate: Candidate) -> "CandidateAnswer":
        interval = candidate.interval
        return cls(
            trial=candidate.trial,
            naive=candidate.naive,
            scores=list(candidate.scores),
            parameters=candidate.parameters,
            mean=finite(candidate.mean),
            interval=None if interval is None else IntervalAnswer.of(interval),
            problem=candidate.problem,
        )


class VerdictAnswer(Answer):
    winner: int
    better_than: list[int]
    tied: list[int]
    words: str

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictAnswer":
        return cls(
            winner=verdict.winner,
            better_than=list(verdict.better_than),
            tied=list(verdict.tied),
            words=verdict.words,
        )


class FinalAnswer(Answer):
    trial: int
    accuracy: float
    """Mean of the accuracies: share of test images classified right."""
    interval: IntervalAnswer
    """Of the accuracy that the setting gives on average, with 95 % confidence."""
    accuracies: list[float]
    """Of each training on all training data, all scored in one look at the test data."""
    images: int
    weights: list[str | None]
    """SHA-256 of each training's weights; null if it diverged."""

    @classmethod
    def of(cls, final: Final) -> "FinalAnswer":
        return cls(
            trial=final.trial,
            accuracy=final.accuracy,
            interval=IntervalAnswer.of(final.interval),
            accuracies=list(final.accuracies),
            images=final.images,
            weights=list(final.weights),
        )


class LikelyAnswer(Answer):
    """The setting that is likely the best, as estimated from all trials rather than by luck."""

    trial: int
    """The trial that has the setting."""
    epoch: float
    """Epochs of training at which settings are compared."""
    estimate: float
    """Of the objective."""
    low: float | None
    """One standard deviation to either side; null while too little is known."""
    high: float | None
    compared: int
    """Trials that the estimate is from."""
    words: str

    @classmethod
    def of(cls, likely: Likely, objective: Objective) -> "LikelyAnswer":
        return cls(
            trial=likely.trial,
            epoch=likely.epoch,
            estimate=likely.estimate,
            low=likely.low,
            high=likely.high,
            compared=likely.compared,
            words=likely.words(objective),
        )


NOTHING = Certificate(candidates=(), verdict=None, final=None, complete=False, note=None)


class CertificateAnswer(Answer):
    state: str
    """off: the job asks for none; waiting: the search goes on; running; complete; partial: the job
    ended before it was complete."""
    candidates: list[CandidateAnswer]
    verdict: VerdictAnswer | None
    final: FinalAnswer | None
    note: str | None
    """What to know beside."""
    likely_best: LikelyAnswer | None
    """At any time, before there is a verdict too; null until a trial has a value."""

    @classmethod
    def of(
        cls, state: str, found: Certificate | None, likely: LikelyAnswer | None
    ) -> "CertificateAnswer":
        found = found or NOTHING
        return cls(
            state=state,
            likely_best=likely,
            candidates=[CandidateAnswer.of(each) for each in found.candidates],
            verdict=None if found.verdict is None else VerdictAnswer.of(found.verdict),
            final=None if found.final is None else FinalAnswer.of(found.final),
            note=found.note,
        )
