"""Parameters that several routes take from the path, the query and the headers."""

from typing import Annotated

from fastapi import Header, Path

MAX_PAGE = 500

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
