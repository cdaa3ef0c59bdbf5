"""The generated pages of docs/reference are what the code says now."""

import pytest

from harness.references import FOLDER, pages
from harness.schema_words import kind, number, table

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_kept_as_it_would_be_written(name: str) -> None:
    kept = (FOLDER / name).read_text()
    assert kept == PAGES[name], "the code says something else now: run `make references`"


def test_no_page_is_kept_that_nothing_writes() -> None:
    assert sorted(page.name for page in FOLDER.iterdir()) == sorted(PAGES)


def test_types_in_words() -> None:
    share = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    assert kind(share) == "number, ≥ 0, < 1"
    assert kind({"anyOf": [share, {"type": "null"}]}) == "number, ≥ 0, < 1 or null"
    assert kind({"type": "array", "items": {"$ref": "#/x/Part"}}) == "list of [Part](#part)"
    assert kind({"enum": ["a", "b"]}) == "`a`, `b`"
    assert kind({"type": "object", "additionalProperties": share}) == f"names with {kind(share)}"


def test_numbers_lose_nothing() -> None:
    assert [number(each) for each in (3.0, 0.05, 1e-12, 2**53)] == [
        "3",
        "0.05",
        "1e-12",
        str(2**53),
    ]


def test_a_field_without_a_default_is_required() -> None:
    rows = table(
        {"properties": {"a": {"type": "string", "description": "x|y"}}, "required": ["a"]}, {}
    )
    assert rows[-1] == "| `a` | string | required | x\\|y |"


def test_a_field_without_words_has_the_first_sentence_of_its_type() -> None:
    part = {"description": "What it is. And more."}
    (*_, row) = table({"properties": {"a": {"$ref": "#/x/Part"}}}, {"Part": part})
    assert row == "| `a` | [Part](#part) | none | What it is |"
