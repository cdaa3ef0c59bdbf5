"""What is sent to submit a search: its spec, and its terms beside it in the same object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.base import Part
from hpsearch.spec.bounds import Bounds
from hpsearch.spec.problems import parse
from hpsearch.spec.search import SearchSpec, parse_spec

JobId = Annotated[str, Field(max_length=100)]
Priority = Annotated[float, Bounds(ge=0.001, le=1000)]
MAX_LABEL = 40  # characters
Label = Annotated[
    str, Field(min_length=1, max_length=MAX_LABEL, pattern=r"^[\w.:/=+@-]+( [\w.:/=+@-]+)*$")
]


def _all_different(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise PydanticCustomError("equal_labels", "must all be different")
    return labels


Labels = Annotated[
    tuple[Label, ...], Field(max_length=20, strict=False), AfterValidator(_all_different)
]
"""Words to find jobs by."""


class Notify(Part):
    """Who is told when the job has ended; docs/webhooks.md says how."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """http or https, on a host that the server's settings allow."""


class Terms(Part):
    """How a job stands among the others."""

    warm_start: tuple[JobId, ...] = Field(default=(), max_length=5, strict=False)
    """Ids of earlier jobs whose trials this search starts from."""
    priority: Priority = 1.0
    """Share of the workers that the job gets beside others; 1 is normal."""
    labels: Labels = ()
    """Words to find the job by: letters, digits and `.:/=+@-_`, with single spaces between. They
    are no part of what is searched: the digest does not cover them."""
    notify: Notify | None = None
    """Who is told when the job has ended; no part of what is searched, and shown to nobody."""


class JobSubmission(Terms, SearchSpec):
    """A search spec, and how the job stands among the others."""


@dataclass(frozen=True)
class Submission:
    """A search spec and its terms, each valid by itself."""

    spec: SearchSpec
    terms: Terms


def parse_submission(body: object) -> Submission:
    """Read a submission from JSON values; raises InvalidSpec that names every field at fault."""
    given = json_object(body)
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
    except InvalidSpec as error:
        problems.extend(error.problems)
    if spec is None or terms is None:
        raise InvalidSpec(problems)
    return Submission(spec, terms)


def json_object(body: object) -> Mapping[str, Any]:
    """The body, which must be an object; raises InvalidSpec."""
    if isinstance(body, Mapping):
        return body
    raise InvalidSpec([FieldProblem("body", "must be a JSON object", body)])
