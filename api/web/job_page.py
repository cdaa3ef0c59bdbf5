"""All that the page of a job shows, worked out from what was read at one moment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.drawing import pictures
from hpsearch.drawing.marks import Mark, marks
from hpsearch.history import Round
from hpsearch.jobs import Job, JobState, JobView
from hpsearch.search.certificate import Certificate, certificate_of
from hpsearch.search.health import health
from hpsearch.search.importance import importance
from hpsearch.search.likely import likely_best
from hpsearch.spec.space import Parameter
from storage.job_pages import JobSheet

MOST_DRAWN = 5000
"""Trials that a page draws; of more, a sample by rank."""
MOST_ROWS = 200
"""Trials in the table; the others are in the API."""


@dataclass(frozen=True)
class JobPage:
    """importance: shares by parameter. rows: of the table, the best first. likely: a sentence."""

    view: JobView
    total: int
    drawn: int
    marks: list[Mark]
    rows: list[Mark]
    rounds: Sequence[Round]
    space: Mapping[str, Parameter]
    importance: Mapping[str, float]
    likely: str
    health: list[str]
    certificate: Certificate | None
    scatter: pictures.Scatter | None
    curves: pictures.Curves
    best: pictures.BestSoFar
    parallel: pictures.Parallel | None
    spec: str
    actions: list[str]

    @property
    def job(self) -> Job:
        return self.view.job


def job_page(
    sheet: JobSheet, x: str | None, y: str | None, validation: int | None = None
) -> JobPage:
    """The page; x and y are the parameters of the first picture, by default the most important."""
    view, job = sheet.view, sheet.view.job
    objective = job.objective
    space: Mapping[str, Parameter] = {} if job.problem else job.spec.space
    found = marks(sheet.trials, objective, view.best.number if view.best else None)
    shares = importance(space, sheet.trials, objective)
    names = pictures.plane(list(shares), x, y)
    return JobPage(
        view=view,
        total=sheet.total,
        drawn=len(found),
        marks=found,
        rows=sorted(found, key=_row_order)[:MOST_ROWS],
        rounds=sheet.rounds,
        space=space,
        importance=shares,
        likely=_likely(sheet, space),
        health=health(space, sheet.trials, objective, shares, validation, view.pruning_errors),
        certificate=_certificate(sheet),
        scatter=pictures.scatter(found, sheet.rounds, space, names) if names else None,
        curves=pictures.curves(found, objective),
        best=pictures.best_so_far(
            {"": sheet.steps}, objective, {mark.number: mark for mark in found}
        ),
        parallel=pictures.parallel(found, space, objective) if space else None,
        spec=json.dumps(job.spec_as_json(), indent=2, ensure_ascii=False),
        actions=actions(job),
    )


def actions(job: Job) -> list[str]:
    """What can be asked of the job as it is."""
    if job.state.ended:
        changes = [] if job.state is JobState.FAILED or job.problem else ["extend"]
        clone = [] if job.trials_gone else ["clone"]
        return [*changes, *clone, "label", "unarchive" if job.archived else "archive", "delete"]
    pausing = "resume" if job.wish.value == "pause" else "pause"
    return [pausing, "cancel", "extend", "try", "clone", "label"]


def percent_done(view: JobView) -> float | None:
    """How much of the budget is spent, 0 to 1, by the limit that is closest; None if unknown."""
    if view.job.problem or view.job.state.ended:
        return 1.0 if view.job.state.ended else None
    budget, progress = view.job.spec.budget, view.progress
    ended = progress.complete + progress.pruned + progress.failed
    shares = [
        done / limit
        for done, limit in (
            (float(ended), budget.trials),
            (progress.epochs, budget.epochs),
            (view.job.seconds, budget.seconds),
        )
        if limit
    ]
    return min(max(shares), 1.0) if shares else None


def seconds_left(view: JobView) -> float | None:
    """As long again for the rest as for what is done; None before anything is."""
    done = percent_done(view)
    if view.job.state is not JobState.RUNNING or not done or view.job.seconds <= 0:
        return None
    return view.job.seconds * (1 - done) / done


def _certificate(sheet: JobSheet) -> Certificate | None:
    job = sheet.view.job
    if job.problem or job.spec.confirm is None or not sheet.confirmations:
        return None
    return certificate_of(job.spec, sheet.confirmed, sheet.confirmations)


def _likely(sheet: JobSheet, space: Mapping[str, Parameter]) -> str:
    """Until there is a certificate, which says more."""
    if not space or sheet.confirmations:
        return ""
    found = likely_best(space, sheet.trials, sheet.view.job.objective)
    return found.words(sheet.view.job.objective) if found else ""


def _row_order(mark: Mark) -> tuple[int, float, int]:
    return (
        0 if mark.kind == "complete" else 1 if mark.kind == "running" else 2,
        -mark.upward,
        mark.number,
    )
