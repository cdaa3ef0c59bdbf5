"""JSON read strictly: what RFC 8259 leaves open or Python lets through is refused by name.

Python's reader takes NaN, turns 1e400 into infinity, keeps the last of two equal keys, and passes
on half of a surrogate pair, which no database and no encoder takes afterwards.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hpsearch.errors import FieldProblem, InvalidSpec, MalformedJson
from hpsearch.spec.problems import MOST_TOLD

MAX_DEPTH = 32
"""Nesting; a search spec needs six."""
MAX_DIGITS = 305
"""Of one number: no float is larger, and longer ones cost quadratic time to read."""
MAX_ITEMS = 20_000
"""Values in all; the largest search spec needs about a quarter of it."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""One that is not closed reaches to the end: no part of the text is read twice."""


def loads(data: bytes) -> object:
    """Read one JSON value.

    Raises MalformedJson if it is not JSON or too large; InvalidSpec if a number is not finite, a
    key comes twice or a string is not text; each problem names its field, the first hundred.
    """
    if _items(data) > MAX_ITEMS:
        raise MalformedJson(f"holds more than {MAX_ITEMS} values")
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_constant=_refused_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_without_duplicates,
        )
    except UnicodeDecodeError as error:
        raise MalformedJson(f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedJson(f"is not JSON: {error.msg} at {place}") from None
    except RecursionError:
        raise MalformedJson(f"is nested deeper than {MAX_DEPTH} levels") from None
    problems = list(islice(_problems(value), MOST_TOLD))
    if problems:
        raise InvalidSpec(problems)
    return value


@dataclass(frozen=True)
class _Refused:
    """Stands where a value was that cannot be taken, until its path is known."""

    message: str
    got: str


def _refused_constant(name: str) -> _Refused:
    return _Refused("must be a finite number", name)


def _items(data: bytes) -> int:
    """Values in the text, at most: what separates and opens them, outside of strings."""
    bare = _STRING.sub(b"", data)
    return sum(map(bare.count, (b",", b"[", b"{")))


def _finite(digits: str) -> float | _Refused:
    if len(digits) > MAX_DIGITS:
        return _Refused(f"has more than {MAX_DIGITS} digits", digits[:40] + "…")
    number = float(digits)
    return number if math.isfinite(number) else _Refused("must be a finite number", digits[:40])


def _whole(digits: str) -> int | _Refused:
    if len(digits) > MAX_DIGITS:
        return _Refused(f"has more than {MAX_DIGITS} digits", digits[:40] + "…")
    return int(digits)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _Refused("is given twice", key) if key in found else value
    return found


def _problems(root: object) -> Iterator[FieldProblem]:
    """Walk without recursion: what a caller nests must not decide how deep our stack gets."""
    pending: list[tuple[tuple[str, ...], object]] = [((), root)]
    while pending:
        path, value = pending.pop()
        field = ".".join(path) or "body"
        if isinstance(value, _Refused):
            yield FieldProblem(field, value.message, value.got)
        elif isinstance(value, str) and not _is_text(value):
            yield FieldProblem(field, "holds a character that is not text", ascii(value)[:80])
        elif isinstance(value, dict | list) and len(path) >= MAX_DEPTH:
            raise MalformedJson(f"is nested deeper than {MAX_DEPTH} levels")
        elif isinstance(value, list):
            pending.extend(((*path, str(index)), item) for index, item in enumerate(value))
        elif isinstance(value, dict):
            for key, item in value.items():
                if _is_text(key):
                    pending.append(((*path, key), item))
                else:
                    yield FieldProblem(field, "has a key that is not text", ascii(key)[:80])


def _is_text(value: str) -> bool:
    """Whether every encoder and both databases take it: no lone surrogate, no NUL."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
