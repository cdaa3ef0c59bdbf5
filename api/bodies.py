"""What people send about jobs that are there: clones, changes, trials that they want tried."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from api.merge_patch import merge_patch
from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.jobs import Job
from hpsearch.spec.base import Part
from hpsearch.spec.parts import Budget
from hpsearch.spec.problems import parse
from hpsearch.spec.space import Choice, Value
from hpsearch.spec.submission import Priority, Submission, json_object, parse_submission


class JobChange(Part):
    """A changed budget or priority."""

    budget: dict[str, Any] | None = None
    """Fields of the budget to change; null takes one away, those not named stay."""
    priority: Priority | None = None


class EnqueuedTrial(Part):
    """A trial that the user wants tried."""

    params: dict[str, Choice] = Field(min_length=1)
    """A value for parameters of the space; the sampler chooses those not named."""


def parse_clone(body: object, original: Job) -> Submission:
    """The original's spec, changed by a JSON merge patch (RFC 7396), with terms of its own.

    A spec that this version cannot read is changed as it was stored.
    """
    return parse_submission(merge_patch(original.spec_as_json(), json_object(body)))


def parse_change(body: object, job: Job) -> tuple[Budget | None, float | None]:
    """The budget and the priority that the job shall have; None leaves one as it is."""
    change = parse(JobChange, json_object(body))
    if change.budget is None and change.priority is None:
        problem = FieldProblem("body", "changes nothing", allowed="budget or priority")
        raise InvalidSpec([problem])
    if change.budget is None:
        return None, change.priority
    changed = merge_patch(job.spec.budget.model_dump(mode="json"), change.budget)
    return parse(Budget, changed, "budget"), change.priority


def parse_wanted(body: object) -> Mapping[str, Value]:
    """Parameters of a trial; whether the job's space has them is for storage to say."""
    return parse(EnqueuedTrial, json_object(body)).params
