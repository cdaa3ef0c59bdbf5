"""Parameters that several routes take from the path, the query and the headers."""

import re
from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BeforeValidator

from hpsearch.spec.bounds import Bounds
from hpsearch.spec.submission import MAX_LABEL

MAX_PAGE = 500
MAX_EVENT_ID = 2**63 - 1

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,99})", re.ASCII)


def _whole(value: object) -> object:
    """Refuse what only Python takes for a whole number: spaces, 0_0, +1, 3.0, other digits."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("write a whole number in decimal digits, such as 10")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
TrialNumber = Annotated[Whole, Path(description="the trial's number in its job, from 0")]
PictureName = Annotated[
    str, Path(pattern="^[a-z-]{1,30}$", description="the picture's name, without `.png`")
]
Limit = Annotated[Whole, Bounds(ge=1, le=MAX_PAGE), Query(description="the most items to answer")]
LabelQuery = Annotated[
    str | None, Query(max_length=MAX_LABEL, description="only jobs that have this label")
]
TextQuery = Annotated[
    str | None,
    Query(max_length=100, description="only jobs in whose spec, name, id or labels it occurs"),
]
ArchivedQuery = Annotated[
    bool, Query(description="true: those that are archived; false: those that are not")
]
LastEventId = Annotated[
    Annotated[Whole, Bounds(ge=0, le=MAX_EVENT_ID)] | None,
    Header(description="go on after this event"),
]

IfMatch = Annotated[
    str | None,
    Header(max_length=1000, description="change it only if its entity tag is one of these"),
]
IfNoneMatch = Annotated[
    str | None, Header(max_length=1000, description="entity tags of answers that are known")
]

JobId = Annotated[str, Path(description="the job's id", max_length=100)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key and body again answers the same job; other body: 422",
    ),
]
