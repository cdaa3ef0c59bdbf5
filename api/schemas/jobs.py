"""A job, and how far it is."""

from datetime import datetime
from typing import Any

from api.paths import link
from api.schemas.base import API, Answer
from api.schemas.results import BestAnswer
from hpsearch.history import DataHashes
from hpsearch.jobs import JobView, Progress, PruningErrors
from hpsearch.search.points import count
from hpsearch.spec.stored import Unreadable


class TrialCounts(Answer):
    planned: int | None
    """Trials in all; null where the budget sets no number."""
    running: int
    complete: int
    pruned: int
    """Ended early because of their parameters: pruned, diverged, stuck at chance."""
    failed: int
    """Ended for reasons other than their parameters, such as a lost worker."""
    stopped: int
    """Cut short by the end of the job; neither failures nor evidence."""


class ProgressAnswer(Answer):
    trials: TrialCounts
    round: int
    """Rounds that have begun."""
    rounds: int
    epochs: float
    """Epochs of training so far, summed over all trials."""
    waiting: int
    """Points that you enqueued and that no trial has taken up."""

    @classmethod
    def of(cls, progress: Progress) -> "ProgressAnswer":
        counts = TrialCounts(
            planned=progress.planned,
            running=progress.running,
            complete=progress.complete,
            pruned=progress.pruned,
            failed=progress.failed,
            stopped=progress.stopped,
        )
        return cls(
            trials=counts,
            round=progress.round,
            rounds=progress.rounds,
            epochs=progress.epochs,
            waiting=progress.waiting,
        )


class JobLinks(Answer):
    """Paths on this server."""

    self: str
    trials: str
    best: str
    rounds: str
    events: str
    dashboard: str
    """The job's study in Optuna's dashboard, for people."""


class DataAnswer(Answer):
    dataset_sha256: str
    """Of all images and labels, training and test."""
    split_sha256: str
    """Of the places of the training and validation images in the training data."""

    @classmethod
    def of(cls, data: DataHashes) -> "DataAnswer":
        return cls(dataset_sha256=data.dataset, split_sha256=data.split)


class PruningAnswer(Answer):
    """How often the pruner erred, by the trials of `pruner.control`."""

    spared: int
    """Trials that trained to the end only because they are in the control group."""
    in_error: int
    """Of these, those that ended above the median of the trials that the pruner let through."""
    above_best: int
    """Of these, those that ended above all trials of their round that the pruner let through."""
    share: float | None
    """in_error / spared; null as long as nobody was spared."""
    low: float | None
    high: float | None
    """The 95 % interval of the share."""

    @classmethod
    def of(cls, errors: PruningErrors) -> "PruningAnswer":
        return cls(
            spared=errors.spared,
            in_error=errors.in_error,
            above_best=errors.above_best,
            share=errors.share,
            low=errors.low,
            high=errors.high,
        )


class JobAnswer(Answer):
    id: str
    name: str | None
    owner: str | None
    """Name of the token with which it was submitted; `local` for the user who runs the server, null
    in jobs from before there were owners."""
    state: str
    """queued, running, paused, completed, cancelled or failed."""
    wish: str
    """What was asked for last: run, pause or cancel; the state follows."""
    stop_reason: str | None
    waits_for: str | None
    """What keeps a queued job from starting (`fetching mnist`); null if only others come first."""
    problem: str | None
    """Why this version cannot run the job; it can still be cancelled, cloned and deleted."""
    spec: dict[str, Any]
    """The search spec with all defaults written out; as it was stored where there is a problem."""
    points: int | None
    """Distinct points of the space; null if there is no end to them. If the budget pays for a full
    training of each, each gets one and the job then ends as `space exhausted`."""
    priority: float
    warm_start: list[str]
    labels: list[str]
    archived: bool
    """Whether lists leave it out unless they are asked for it."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float
    """Of running, pauses not counted, as of the last change."""
    progress: ProgressAnswer
    best: BestAnswer | None
    no_best: str | None
    """Why there is no best trial; null if there is one."""
    untried: str | None
    """Why points that you enqueued were not tried; null if all were, or still may be."""
    pruning: PruningAnswer | None
    """What the control group says of the pruner; null without `pruner.control`."""
    study: str
    """Name of the job's Optuna study."""
    environment: dict[str, str]
    """What the bits of its results depend on."""
    data: DataAnswer | None
    """Which data it trains on; null before it runs, and in jobs from before that was recorded."""
    links: JobLinks

    @classmethod
    def of(cls, view: JobView) -> "JobAnswer":
        job, best = view.job, view.best
        here = link(f"{API}/jobs/{job.id}")
        return cls(
            id=job.id,
            name=job.name,
            owner=job.owner,
            state=job.state.value,
            wish=job.wish.value,
            stop_reason=job.stop_reason,
            waits_for=job.waits_for,
            problem=job.problem,
            spec=job.spec_as_json(),
            points=None if isinstance(job.stored_spec, Unreadable) else count(job.spec.space),
            priority=job.priority,
            warm_start=list(job.warm_start),
            labels=list(job.labels),
            archived=job.archived,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            seconds=round(job.seconds, 3),
            progress=ProgressAnswer.of(view.progress),
            best=BestAnswer.of(best) if best else None,
            no_best=view.progress.why_no_best(job.state),
            untried=view.progress.untried(job.state, job.stop_reason),
            pruning=PruningAnswer.of(view.pruning_errors) if view.pruning_errors else None,
            study=job.study,
            environment=dict(job.environment),
            data=DataAnswer.of(job.data) if job.data else None,
            links=JobLinks(
                self=here,
                trials=f"{here}/trials",
                best=f"{here}/best",
                rounds=f"{here}/rounds",
                events=f"{here}/events",
                dashboard=link(f"/dashboard/studies/{view.study_id}"),
            ),
        )


class JobPage(Answer):
    items: list[JobAnswer]
    next: str | None
    """Pass it as `after` for the next page; null on the last one."""
