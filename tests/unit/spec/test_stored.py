"""What was stored is read whatever rules came later; what cannot be run is said in words."""

import json
from typing import Any

import pytest

from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.stored import SPEC_VERSION, Unreadable, read_stored

SMALLEST = {"dataset": "digits", "network": "lenet5"}


def stored(**changes: Any) -> str:
    return json.dumps({**parse_spec(SMALLEST).canonical(), **changes})


@pytest.mark.parametrize("version", range(1, SPEC_VERSION + 1))
def test_what_is_written_is_read(version: int) -> None:
    assert read_stored(stored(), version) == parse_spec(SMALLEST)


def test_a_search_that_began_by_earlier_rules_goes_on_by_them() -> None:
    before = {k: v for k, v in parse_spec(SMALLEST).canonical().items() if k != "rules"}
    spec = read_stored(json.dumps(before), 1)
    assert isinstance(spec, SearchSpec)
    assert (spec.rules, parse_spec(SMALLEST).rules) == (1, 3)
    assert read_stored(json.dumps(spec.canonical()), 1) == spec


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": {"seconds": 1e308}},
        {"budget": {"patience": 10**30, "failures": 10**30}},
        {"pruner": {"name": "median", "warm_up": 1e308}},
        {"learning_rate": 1e300, "space": {}},
        {"space": {"momentum": {"low": 0.1, "high": 0.2, "step": 1e-300}}},
        {"space": {"batch_size": {"type": "int", "low": 1, "high": 2, "step": 10**399}}},
        {"space": {"hidden_units": {"choices": [50, 50.0]}}},
        {"space": {"layers. 0.units": {"type": "int", "low": 1, "high": 2}}},
        {"seed": True, "cohort": "8", "epochs": "0.5"},
    ],
)
def test_rules_of_today_are_for_requests(changes: dict[str, Any]) -> None:
    assert isinstance(read_stored(stored(**changes), 1), SearchSpec)


def test_a_stored_space_keeps_its_order() -> None:
    space = {name: {"low": 0.1, "high": 0.2} for name in ("rho", "beta1", "momentum")}
    spec = read_stored(stored(space=space), 1)
    assert isinstance(spec, SearchSpec)
    assert list(spec.space)[:3] == ["rho", "beta1", "momentum"]


def test_trials_of_a_stored_spec_have_settings_whatever_their_bounds_are_today() -> None:
    space = {"learning_rate": {"low": 1e-3, "high": 1e9}}
    spec = read_stored(stored(space=space), 1)
    assert isinstance(spec, SearchSpec)
    assert spec.settings_for({"learning_rate": 1e9})[1].learning_rate == 1e9


@pytest.mark.parametrize(
    ("text", "version", "reason"),
    [
        (stored(sampler={"name": "cmaes"}), 1, "sampler.name: must be 'tpe', 'random', 'qmc'"),
        (stored(colour="red"), 1, "colour: is not a known field"),
        (stored(network={"layers": [{"type": "attention"}]}), 1, "network.layers.0: must be"),
        (stored(), SPEC_VERSION + 1, "newer version"),
        ("[]", 1, "must be an object"),
        ("{", 1, "Invalid JSON"),
    ],
)
def test_what_cannot_be_run_says_why(text: str, version: int, reason: str) -> None:
    found = read_stored(text, version)
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert found.raw == text
