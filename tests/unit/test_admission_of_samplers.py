"""A search that cannot be run is refused before it is stored."""

import pytest

from hpsearch import admission
from hpsearch.errors import InvalidSpec
from hpsearch.spec.search import parse_spec


def test_a_sampler_whose_packages_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "EXTRAS", {"tpe": ("no_such_package",)})
    with pytest.raises(InvalidSpec, match="no_such_package") as caught:
        admission.check_sampler(parse_spec({"dataset": "digits"}))
    assert [problem.field for problem in caught.value.problems] == ["sampler.name"]


@pytest.mark.parametrize("name", ["tpe", "random", "qmc"])
def test_samplers_that_are_always_there(name: str) -> None:
    admission.check_sampler(parse_spec({"dataset": "digits", "sampler": name}))


def test_gp_takes_no_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "EXTRAS", {})
    space = {
        "optimizer": {"choices": ["sgd", "momentum"]},
        "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["momentum"]}},
    }
    with pytest.raises(InvalidSpec) as caught:
        admission.check_sampler(parse_spec({"dataset": "digits", "sampler": "gp", "space": space}))
    assert [problem.field for problem in caught.value.problems] == ["space.momentum.when"]
