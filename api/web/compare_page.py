"""What the comparison of jobs shows: groups of replicates, which is better, and how they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.drawing.pictures import BestSoFar, best_so_far
from hpsearch.jobs import Job, JobView
from hpsearch.search.certificate import certificate_of
from hpsearch.search.intervals import mean
from hpsearch.search.replicates import Group, compare, groups_of, specs_differ, told
from hpsearch.spec.objective import Objective
from storage.job_pages import Course

MOST_COMPARED = 24  # jobs
MOST_GROUPS = 6  # that are told apart by colour


@dataclass(frozen=True)
class Run:
    """A job. confirmed: the mean score of its certificate's winner, once there is one."""

    view: JobView
    seed: int
    confirmed: float | None

    @property
    def best(self) -> float | None:
        return self.view.best.value if self.view.best else None

    def value(self, confirmed: bool) -> float | None:
        """What it is compared by; None before it has ended."""
        if not self.view.job.state.ended:
            return None
        return self.confirmed if confirmed else self.best


@dataclass(frozen=True)
class Kind:
    """Jobs that differ only by their seed."""

    name: str
    runs: list[Run]

    def group(self, confirmed: bool) -> Group:
        values = {run.seed: run.value(confirmed) for run in self.runs}
        return Group(self.name, {seed: v for seed, v in values.items() if v is not None})

    def mean(self, confirmed: bool) -> float | None:
        values = self.group(confirmed).values
        return mean([*values.values()]) if values else None


@dataclass(frozen=True)
class ComparePage:
    """verdicts: of each kind beside the first one. differences: path, value of each kind."""

    kinds: list[Kind]
    confirmed: bool
    """Whether the jobs are compared by their certificates, which all that have ended have."""
    verdicts: list[str]
    differences: list[tuple[str, list[str]]]
    picture: BestSoFar | None
    kind_of: Mapping[str, int]
    """The place of its kind, by a job's id."""
    name_of: Mapping[str, str]
    """What a job is called beside its curve, by its id."""
    next_seed: int
    """That none of the jobs has."""
    left_out: int
    """Jobs beyond MOST_COMPARED, and of kinds beyond MOST_GROUPS."""


def compare_page(courses: Sequence[Course], more: int = 0) -> ComparePage:
    """The page of at least one job. more: jobs that were asked for beside these."""
    by_id = {course.view.job.id: course for course in courses}
    groups = groups_of({job_id: by_id[job_id].view.job.spec_as_json() for job_id in by_id})
    kinds = [_kind([by_id[job_id] for job_id in group]) for group in groups[:MOST_GROUPS]]
    runs = [run for kind in kinds for run in kind.runs]
    ended = [run for run in runs if run.view.job.state.ended]
    confirmed = bool(ended) and all(run.confirmed is not None for run in ended)
    objectives = {run.view.job.objective for run in runs}
    objective = objectives.pop() if len(objectives) == 1 else None
    steps = {run.view.job.id: by_id[run.view.job.id].steps for run in runs}
    return ComparePage(
        kinds=kinds,
        confirmed=confirmed,
        verdicts=_verdicts(kinds, objective, confirmed) if objective else [],
        differences=specs_differ([kind.runs[0].view.job.spec_as_json() for kind in kinds]),
        picture=best_so_far(steps, objective, {}) if objective else None,
        kind_of={run.view.job.id: place for place, kind in enumerate(kinds) for run in kind.runs},
        name_of={run.view.job.id: _called(run) for run in runs},
        next_seed=1 + max(run.seed for run in runs),
        left_out=len(by_id) - len(runs) + more,
    )


def _kind(courses: Sequence[Course]) -> Kind:
    first = courses[0].view.job
    runs = [Run(course.view, _seed(course.view.job), _confirmed(course)) for course in courses]
    return Kind(first.name or first.id, runs)


def _called(run: Run) -> str:
    return f"{run.view.job.name or run.view.job.id}, seed {run.seed}"


def _confirmed(course: Course) -> float | None:
    job = course.view.job
    if job.problem or job.spec.confirm is None or not course.confirmed:
        return None
    found = certificate_of(job.spec, course.confirmed, course.confirmations)
    if found is None or found.verdict is None:
        return None
    winner = found.verdict.winner
    return next(each.mean for each in found.candidates if each.trial == winner)


def _verdicts(kinds: Sequence[Kind], objective: Objective, confirmed: bool) -> list[str]:
    """Each kind beside the first, which is taken as what is known."""
    first, *others = [kind.group(confirmed) for kind in kinds]
    ratio = max(_ratio(run.view.job) for kind in kinds for run in kind.runs)
    return [
        told(first, other, objective, compare(first, other, objective, ratio)) for other in others
    ]


def _seed(job: Job) -> int:
    seed = job.spec_as_json().get("seed", 0)
    return seed if isinstance(seed, int) else 0


def _ratio(job: Job) -> float:
    """Validation images over training images."""
    fraction = 0.5 if job.problem else job.spec.validation.fraction
    return fraction / (1 - fraction)
