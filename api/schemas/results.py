"""What a search found: trials, the best of them, rounds."""

from api.schemas.base import Answer, finite
from hpsearch.history import Round
from hpsearch.jobs import Best
from hpsearch.spec.space import Parameter, Value
from hpsearch.trial import Report, Trial


class BestAnswer(Answer):
    number: int
    value: float
    """What the job's objective names, on the validation part."""
    params: dict[str, Value]

    @classmethod
    def of(cls, best: Best) -> "BestAnswer":
        return cls(number=best.number, value=best.value, params=dict(best.params))


class BestList(Answer):
    items: list[BestAnswer]


class ReportAnswer(Answer):
    step: int
    """Training so far in hundredths of an epoch."""
    epoch: float
    value: float | None
    """What the job's objective names, on the validation part; null once diverged."""
    loss: float | None
    """Validation loss; null once diverged."""
    accuracy: float | None
    """This and the next two are null once diverged, and in jobs from before they were recorded."""
    balanced_accuracy: float | None
    macro_f1: float | None
    weights: str | None
    """SHA-256 of the network's weights; null once diverged, and in jobs from before it was kept."""
    training_accuracy: float | None
    """On training images; null once diverged, and where the spec does not ask for it."""

    @classmethod
    def of(cls, report: Report) -> "ReportAnswer":
        return cls(
            step=report.step,
            epoch=report.epoch,
            value=finite(report.value),
            loss=finite(report.loss),
            accuracy=finite(report.accuracy),
            balanced_accuracy=finite(report.balanced_accuracy),
            macro_f1=finite(report.macro_f1),
            weights=report.weights,
            training_accuracy=report.training_accuracy,
        )


class WhyAnswer(Answer):
    """Why a trial has these parameters, and why it stopped; both can be computed again from it."""

    source: str
    """sampler, explore (drawn from the whole box) or enqueued (a user's)."""
    sampler: str
    seed: int
    known: int
    """Finished trials that the sampler knew."""
    step: int | None
    """The report point at which it was stopped."""
    value: float | None
    """Its value there, as it was compared."""
    bar: float | None
    """What it had to reach."""
    compared: int | None
    """With how many values it was compared."""
    iteration: int | None
    """Of the first non-finite loss, where it diverged."""


class TrialAnswer(Answer):
    number: int
    state: str
    """Optuna's: running, complete, pruned or fail; or stopped, if it ended with its job."""
    outcome: str | None
    """How it ended, told apart more finely; null while it runs."""
    round: int
    cohort: int
    params: dict[str, Value]
    value: float | None
    """The objective at the end of its training; null if it did not complete."""
    epochs: float
    reports: list[ReportAnswer]
    stop_reason: str | None
    why: WhyAnswer

    @classmethod
    def of(cls, trial: Trial) -> "TrialAnswer":
        origin, ending = trial.origin, trial.ending
        return cls(
            number=trial.number,
            state=trial.state.value,
            outcome=ending.outcome.value if ending else None,
            round=trial.round,
            cohort=trial.cohort,
            params=dict(trial.params),
            value=finite(trial.value),
            epochs=trial.epochs,
            reports=[ReportAnswer.of(report) for report in trial.reports],
            stop_reason=ending.reason if ending else None,
            why=WhyAnswer(
                source=origin.source,
                sampler=origin.sampler,
                seed=origin.seed,
                known=origin.known,
                step=ending.step if ending else None,
                value=finite(ending.value) if ending else None,
                bar=finite(ending.bar) if ending else None,
                compared=ending.compared if ending else None,
                iteration=ending.iteration if ending else None,
            ),
        )


class TrialPage(Answer):
    items: list[TrialAnswer]
    next: str | None
    """Pass it as `after` for the next page; null on the last one."""


class RoundAnswer(Answer):
    index: int
    ranges: dict[str, Parameter]
    """What this round samples from."""
    before: dict[str, Parameter]
    """The ranges of the round before."""
    evidence: list[int]
    """Numbers of the trials around which the ranges were drawn."""
    reason: str
    advice: list[str]
    epochs: float
    """How long a trial of this round may train."""
    report_epochs: list[float]
    """When it reports."""

    @classmethod
    def of(cls, found: Round) -> "RoundAnswer":
        return cls(
            index=found.index,
            ranges=dict(found.ranges),
            before=dict(found.before),
            evidence=list(found.evidence),
            reason=found.reason,
            advice=list(found.advice),
            epochs=found.epochs,
            report_epochs=list(found.report_epochs),
        )


class RoundList(Answer):
    items: list[RoundAnswer]


class DigestAnswer(Answer):
    digest: str
    """SHA-256 in hexadecimal."""
    final: bool
    """Whether the job has ended; until then the digest is that of what there is."""
    environment: dict[str, str]
    """Equal digests can be expected where these are equal."""
