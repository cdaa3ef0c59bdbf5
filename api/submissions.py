"""What people send: read from JSON values into values that storage takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from hpsearch.errors import FieldProblem, InvalidSpec, JobNotFound
from hpsearch.jobs import Job
from hpsearch.spec.base import Part
from hpsearch.spec.parts import Budget
from hpsearch.spec.problems import parse
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.space import Choice, Value
from storage.jobs import Jobs

MAX_PRIORITY = 1000


class Terms(Part):
    """How a job stands among the others; beside the search spec in the same object."""

    warm_start: tuple[str, ...] = Field(default=(), max_length=5)
    """Ids of earlier jobs whose trials this search starts from."""
    priority: float = Field(default=1.0, gt=0, le=MAX_PRIORITY)
    """Share of the workers that the job gets beside others; 1 is normal."""


class JobSubmission(Terms, SearchSpec):
    """A search spec, and how the job stands among the others."""


class JobChange(Part):
    """A changed budget or priority."""

    budget: dict[str, Any] | None = None
    """Fields of the budget to change; null takes one away, those not named stay."""
    priority: float | None = Field(default=None, gt=0, le=MAX_PRIORITY)


class Wanted(Part):
    """A trial that the user wants tried."""

    params: dict[str, Choice] = Field(min_length=1)
    """A value for parameters of the space; the sampler chooses those not named."""


@dataclass(frozen=True)
class Submission:
    spec: SearchSpec
    terms: Terms


def parse_submission(body: object, jobs: Jobs) -> Submission:
    """A search spec with its terms; raises InvalidSpec that names all fields at fault."""
    given = _object(body)
    of_terms = {name: given[name] for name in Terms.model_fields if name in given}
    of_spec = {name: value for name, value in given.items() if name not in Terms.model_fields}
    problems: list[FieldProblem] = []
    spec, terms = None, None
    try:
        spec = parse_spec(of_spec)
    except InvalidSpec as error:
        problems.extend(error.problems)
    try:
        terms = parse(Terms, of_terms)
        _check_warm_start(terms, jobs)
    except InvalidSpec as error:
        problems.extend(error.problems)
    if spec is None or terms is None or problems:
        raise InvalidSpec(problems)
    return Submission(spec, terms)


def parse_clone(body: object, original: Job, jobs: Jobs) -> Submission:
    """The original's spec, changed by a JSON merge patch (RFC 7396), with terms of its own."""
    return parse_submission(merge_patch(original.spec.canonical(), _object(body)), jobs)


def parse_change(body: object, job: Job) -> tuple[Budget | None, float | None]:
    """The budget and the priority that the job shall have; None leaves one as it is."""
    change = parse(JobChange, _object(body))
    if change.budget is None and change.priority is None:
        problem = FieldProblem("body", "changes nothing", allowed="budget or priority")
        raise InvalidSpec([problem])
    if change.budget is None:
        return None, change.priority
    changed = merge_patch(job.spec.budget.model_dump(mode="json"), change.budget)
    return parse(Budget, changed, "budget"), change.priority


def parse_wanted(body: object) -> Mapping[str, Value]:
    """Parameters of a trial; whether the job's space has them is for storage to say."""
    return parse(Wanted, _object(body)).params


def merge_patch(target: object, patch: object) -> Any:
    """`target` with `patch` laid over it: null removes a key, objects are merged (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _object(body: object) -> Mapping[str, Any]:
    if isinstance(body, Mapping):
        return body
    raise InvalidSpec([FieldProblem("body", "must be a JSON object", body)])


def _check_warm_start(terms: Terms, jobs: Jobs) -> None:
    problems = []
    for position, job_id in enumerate(terms.warm_start):
        try:
            jobs.get(job_id)
        except JobNotFound as error:
            problems.append(FieldProblem(f"warm_start.{position}", str(error), job_id))
    if problems:
        raise InvalidSpec(problems)
