"""A submission: the spec and its terms in one object, all problems of both at once."""

import pytest

from hpsearch.errors import InvalidSpec
from hpsearch.spec.submission import parse_submission


def test_terms_stand_beside_the_spec() -> None:
    found = parse_submission({"dataset": "digits", "warm_start": ["abc"], "priority": 2})
    assert (found.terms.warm_start, found.terms.priority) == (("abc",), 2.0)
    assert found.spec.dataset.name == "digits"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"dataset": "digits", "epochs": 0, "priority": 0}, ["epochs", "priority"]),
        ({"dataset": "digits", "warm_start": ["x"] * 6}, ["warm_start"]),
        ({"dataset": "digits", "warm_start": "x"}, ["warm_start"]),
        ({"priority": 1}, ["dataset"]),
        ([], ["body"]),
        (None, ["body"]),
    ],
)
def test_names_every_field_of_both(body: object, fields: list[str]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_submission(body)
    assert [problem.field for problem in caught.value.problems] == fields
