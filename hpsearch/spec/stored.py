"""Specs that were stored: whatever an earlier version wrote is read.

A spec is checked when it comes. Rules that came later do not make it invalid: its bounds are not
checked again, only its form, which this version must know to run it.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ValidationError

from hpsearch.spec.bounds import STORED
from hpsearch.spec.problems import problems_of
from hpsearch.spec.search import SearchSpec

SPEC_VERSION = 2
"""Of what this version writes. 1: everything before the version was stored beside the spec."""


@dataclass(frozen=True)
class Unreadable:
    """A stored spec that this version cannot run: why, and the text as it is stored."""

    reason: str
    raw: str


@lru_cache(maxsize=256)
def read_stored(text: str, version: int) -> SearchSpec | Unreadable:
    """The spec that was stored as `text`, a JSON object, by a program with this SPEC_VERSION."""
    if version > SPEC_VERSION:
        reason = (
            f"it was written by a newer version (form {version}; this one knows {SPEC_VERSION})"
        )
        return Unreadable(reason, text)
    try:
        return SearchSpec.model_validate_json(text, strict=False, context=STORED)
    except ValidationError as error:
        problems = problems_of(error, SearchSpec, _loaded(text))
        return Unreadable("; ".join(str(problem) for problem in problems[:3]), text)


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None
