"""What people send about jobs that are there: clones, changes, trials that they want tried."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.jobs import Job
from hpsearch.spec.base import Part
from hpsearch.spec.budget_change import check_limited
from hpsearch.spec.merge_patch import merge_patch
from hpsearch.spec.problems import parse
from hpsearch.spec.sizes import MAX_PARAMETERS
from hpsearch.spec.space import Choice, Value
from hpsearch.spec.submission import (
    Labels,
    Priority,
    Submission,
    json_object,
    parse_submission,
)


class JobChange(Part):
    """What of a job shall be another way."""

    budget: dict[str, Any] | None = None
    """Fields of the budget to change; null takes one away, those not named stay."""
    priority: Priority | None = None
    labels: Labels | None = None
    """All of its labels, in place of those that it has."""
    archived: bool | None = None
    """Whether lists leave it out; only for a job that has ended."""


class EnqueuedTrial(Part):
    """A trial that the user wants tried."""

    params: dict[str, Choice] = Field(min_length=1, max_length=MAX_PARAMETERS)
    """A value for parameters of the space; the sampler chooses those not named."""


def parse_clone(body: object, original: Job) -> Submission:
    """The original's spec and labels, changed by a JSON merge patch (RFC 7396).

    Priority and warm start are the clone's own.

    A spec that this version cannot read is changed as it was stored. Raises TrialsGone for a job
    whose study was deleted.
    """
    original.refuse_without_trials()
    changes = json_object(body)
    labels = {"labels": list(original.labels)} if original.labels else {}
    merged = merge_patch({**original.spec_as_json(), **labels}, changes)
    if isinstance(changes.get("budget"), Mapping):
        check_limited(merged["budget"])
    return parse_submission(merged)


def parse_change(body: object) -> JobChange:
    """What shall change; whether the budget can be changed so, storage says when it merges."""
    change = parse(JobChange, json_object(body))
    if all(getattr(change, name) is None for name in JobChange.model_fields):
        allowed = ", ".join(JobChange.model_fields)
        problem = FieldProblem("body", "changes nothing", allowed=allowed)
        raise InvalidSpec([problem])
    return change


def parse_wanted(body: object) -> Mapping[str, Value]:
    """Parameters of a trial; whether the job's space has them is for storage to say."""
    return parse(EnqueuedTrial, json_object(body)).params
