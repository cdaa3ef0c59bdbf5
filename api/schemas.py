"""The answers of the HTTP interface, as pydantic models: /openapi.json is made of them.

Times are UTC. Numbers are finite: where a trial diverged, its value and loss are null.
"""

import math
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hpsearch.history import Report, Round, Trial
from hpsearch.jobs import Best, Job, Progress
from hpsearch.runner.estimate import Estimate
from hpsearch.spec.space import Parameter, Value

API = "/api/v1"


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class TrialCounts(Answer):
    planned: int | None
    """Trials in all; null where the budget sets no number."""
    running: int
    complete: int
    pruned: int
    failed: int


class ProgressAnswer(Answer):
    trials: TrialCounts
    round: int
    """Rounds that have begun."""
    rounds: int
    epochs: float
    """Epochs of training so far, summed over all trials."""

    @classmethod
    def of(cls, progress: Progress) -> "ProgressAnswer":
        counts = TrialCounts(
            planned=progress.planned,
            running=progress.running,
            complete=progress.complete,
            pruned=progress.pruned,
            failed=progress.failed,
        )
        return cls(
            trials=counts, round=progress.round, rounds=progress.rounds, epochs=progress.epochs
        )


class BestAnswer(Answer):
    number: int
    value: float
    """Validation accuracy, 0 to 1."""
    params: dict[str, Value]

    @classmethod
    def of(cls, best: Best) -> "BestAnswer":
        return cls(number=best.number, value=best.value, params=dict(best.params))


class JobLinks(Answer):
    """Paths on this server."""

    self: str
    trials: str
    best: str
    rounds: str
    events: str
    dashboard: str
    """The job's study in Optuna's dashboard, for people."""


class JobAnswer(Answer):
    id: str
    name: str | None
    state: str
    """queued, running, paused, completed, cancelled or failed."""
    wish: str
    """What was asked for last: run, pause or cancel; the state follows."""
    stop_reason: str | None
    spec: dict[str, Any]
    """The search spec with all defaults written out."""
    priority: float
    warm_start: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float
    """Of running, pauses not counted, as of the last change."""
    progress: ProgressAnswer
    best: BestAnswer | None
    study: str
    """Name of the job's Optuna study."""
    environment: dict[str, str]
    """What the bits of its results depend on."""
    links: JobLinks

    @classmethod
    def of(cls, job: Job, progress: Progress, best: Best | None, study_id: int) -> "JobAnswer":
        here = f"{API}/jobs/{job.id}"
        return cls(
            id=job.id,
            name=job.spec.name,
            state=job.state.value,
            wish=job.wish.value,
            stop_reason=job.stop_reason,
            spec=job.spec.canonical(),
            priority=job.priority,
            warm_start=list(job.warm_start),
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            seconds=round(job.seconds, 3),
            progress=ProgressAnswer.of(progress),
            best=BestAnswer.of(best) if best else None,
            study=job.study,
            environment=dict(job.environment),
            links=JobLinks(
                self=here,
                trials=f"{here}/trials",
                best=f"{here}/best",
                rounds=f"{here}/rounds",
                events=f"{here}/events",
                dashboard=f"/dashboard/studies/{study_id}",
            ),
        )


class JobPage(Answer):
    items: list[JobAnswer]
    next: str | None
    """Pass it as `after` for the next page; null on the last one."""


class ReportAnswer(Answer):
    step: int
    """Training so far in hundredths of an epoch."""
    epoch: float
    value: float | None
    """Validation accuracy; null once diverged."""
    loss: float | None
    """Validation loss; null once diverged."""

    @classmethod
    def of(cls, report: Report) -> "ReportAnswer":
        return cls(
            step=report.step,
            epoch=report.epoch,
            value=finite(report.value),
            loss=finite(report.loss),
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
    """Optuna's: running, complete, pruned or fail."""
    outcome: str | None
    """How it ended, told apart finer; null while it runs."""
    round: int
    cohort: int
    params: dict[str, Value]
    value: float | None
    """Validation accuracy at the end of its training; null where it did not complete."""
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


class BestList(Answer):
    items: list[BestAnswer]


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


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


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
