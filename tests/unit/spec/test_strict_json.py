"""Hostile JSON is refused by name; everything else is read as json.loads reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.errors import InvalidSpec, MalformedJson
from hpsearch.spec import strict_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_reads_what_json_writes(value: Any) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ('{"seed": NaN}', "seed", "must be a finite number"),
        ('{"space": {"x": {"low": -Infinity}}}', "space.x.low", "must be a finite number"),
        ('{"epochs": 1e400}', "epochs", "must be a finite number"),
        ('{"a": [1, -1e999]}', "a.1", "must be a finite number"),
        ('{"seed": 1, "seed": 2}', "seed", "is given twice"),
        ('{"a": {"b": 1, "b": 1}}', "a.b", "is given twice"),
        (r'{"name": "\ud800"}', "name", "holds a character that is not text"),
        (r'{"name": "a\u0000b"}', "name", "holds a character that is not text"),
        (r'{"\udfff": 1}', "body", "has a key that is not text"),
        ('{"seed": ' + "9" * 306 + "}", "seed", "has more than 305 digits"),
        ("NaN", "body", "must be a finite number"),
    ],
)
def test_names_the_field(text: str, field: str, message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        strict_json.loads(text.encode())
    [problem] = caught.value.problems
    assert (problem.field, problem.message) == (field, message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON"),
        (b'{"a": 1', "line 1, column 8"),
        (b'{"a": 1}x', "Extra data"),
        (b"\xff{}", "not UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b"[" * 20_000 + b"]" * 20_000, "nested deeper than 32"),
        (b"[" * 400_000 + b"]" * 400_000, "more than 20000 values"),
        (b"[" + b"[]," * 20_000 + b"1]", "more than 20000 values"),
        (b"{'a': 1}", "is not JSON"),
    ],
)
def test_says_where_it_breaks(data: bytes, message: str) -> None:
    with pytest.raises(MalformedJson, match=message):
        strict_json.loads(data)


def test_takes_whole_surrogate_pairs() -> None:
    assert strict_json.loads(b'"\\ud83d\\ude00"') == "\U0001f600"
