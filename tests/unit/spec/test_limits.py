"""docs/limits.md says of each number in a request what the models say."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel

from hpsearch.spec import sizes, space, strict_json, submission
from hpsearch.spec.bounds import Bounds
from hpsearch.spec.problems import MOST_TOLD
from hpsearch.spec.submission import JobSubmission

TEXT = Path(__file__).parents[3].joinpath("docs/limits.md").read_text()


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """A row of the table for each field of the model that has a bound, and for those inside."""
    for name, info in model.model_fields.items():
        field = f"{prefix}{name}"
        for found in (*info.metadata, *within(info.annotation)):
            if isinstance(found, Bounds):
                yield f"| `{field}` | {found} |"
            elif isinstance(found, MaxLen):
                what = "characters" if info.annotation in (str, str | None) else "entries"
                yield f"| `{field}` | at most {found.max_length} {what} |"
        for part in models(info.annotation):
            key = {"layers": "layers.<index>.", "space": "space.<name>."}.get(name, f"{name}.")
            yield from rows(part, prefix + key)


def within(annotation: object) -> Iterator[object]:
    """What annotates the parts of a type, such as the number of `number | None`."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        if not (isinstance(part, type) and issubclass(part, BaseModel)):
            yield from within(part)


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


ROWS = sorted(set(rows(JobSubmission)))


@pytest.mark.parametrize("row", ROWS)
def test_every_bound_is_in_the_table(row: str) -> None:
    assert row in TEXT.splitlines()


def test_the_table_has_no_other_rows() -> None:
    table = TEXT.partition("## Numbers")[2].partition("\n## ")[0]
    told = {line for line in table.splitlines() if line.startswith("| `")}
    assert told == set(ROWS)


@pytest.mark.parametrize(
    "limit",
    [
        f"{strict_json.MAX_ITEMS:,} values",
        f"{strict_json.MAX_DEPTH} levels",
        f"{strict_json.MAX_DIGITS} digits",
        f"{MOST_TOLD} problems",
        f"{sizes.MAX_PARAMETERS} parameters",
        f"{sizes.MAX_NAME} characters",
        f"{space.MAX_CHOICES:,} choices",
        f"{sizes.MAX_CHOICES_IN_ALL:,} choices and values of conditions",
        f"{space.MAX_STEPS:,}th",
        f"1 to {submission.MAX_LABEL} characters",
    ],
)
def test_sizes_are_told(limit: str) -> None:
    assert limit in TEXT
