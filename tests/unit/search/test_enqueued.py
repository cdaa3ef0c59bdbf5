"""What users want tried is a point of the space, or refused by name."""

import math
from collections.abc import Mapping

import pytest

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.search.enqueued import point_to_try
from hpsearch.search.scale import fits
from hpsearch.search.sobol import complete
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import Value

SPACE = parse_spec(
    {
        "dataset": "digits",
        "space": {
            "learning_rate": {"low": 1e-3, "high": 10, "log": True},
            "dropout": {"low": 0.1, "high": 0.5, "step": 0.1},
            "batch_size": {"type": "int", "low": 32, "high": 105, "step": 16},
            "optimizer": {"choices": ["sgd", "momentum", "nesterov"]},
            "clip_norm": {"choices": [None, 1, 5.5]},
            "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["momentum"]}},
            "schedule": {"choices": ["constant", "step", "cosine"]},
            "schedule_factor": {"low": 0.1, "high": 0.5, "when": {"schedule": ["step", "cosine"]}},
        },
    }
).space


def problems(params: Mapping[str, Value]) -> Mapping[str, FieldProblem]:
    with pytest.raises(InvalidSpec) as raised:
        point_to_try(SPACE, params)
    return {problem.field: problem for problem in raised.value.problems}


@pytest.mark.parametrize(
    ("given", "tried"),
    [
        ({"learning_rate": 1}, {"learning_rate": 1.0}),
        ({"dropout": 0.30000000000000004}, {"dropout": 0.3}),
        ({"batch_size": 96}, {"batch_size": 96}),
        ({"clip_norm": None}, {"clip_norm": None}),
        ({"clip_norm": 1.0}, {"clip_norm": 1}),
        ({"momentum": 0.6}, {"optimizer": "momentum", "momentum": 0.6}),
        (
            {"schedule_factor": 0.2, "schedule": "step"},
            {"schedule": "step", "schedule_factor": 0.2},
        ),
    ],
)
def test_taken(given: Mapping[str, Value], tried: Mapping[str, Value]) -> None:
    point = point_to_try(SPACE, given)
    assert repr(sorted(point.items())) == repr(sorted(tried.items()))
    assert fits(SPACE, complete(SPACE, 0, 0, point))


@pytest.mark.parametrize(
    ("given", "message", "allowed"),
    [
        ({"batch_size": 33}, "is not a whole number of steps of 16 above 32", "32 or 48"),
        ({"dropout": 0.25}, "is not a whole number of steps of 0.1 above 0.1", "0.2 or 0.3"),
        ({"batch_size": 105}, "is not a whole number of steps", "96"),
        ({"batch_size": 200}, "is outside the job's range", "32 to 105"),
        ({"batch_size": 48.0}, "must be a whole number", None),
        ({"batch_size": True}, "must be a number", None),
        ({"learning_rate": "0.1"}, "must be a number", None),
        ({"learning_rate": None}, "must be a number", None),
        ({"learning_rate": 10**391}, "is outside the job's range", "0.001 to 10"),
        ({"optimizer": "momentun"}, "is not one of the choices; did you mean `momentum`?", None),
        ({"clip_norm": True}, "is not one of the choices", "one of null, 1, 5.5"),
        ({"learning_rat": 0.1}, "did you mean `learning_rate`?", None),
        (
            {"schedule_factor": 0.2},
            'applies only if `schedule` is "step" or "cosine": give `schedule` as well',
            '"step" or "cosine"',
        ),
    ],
)
def test_refused(given: Mapping[str, Value], message: str, allowed: str | None) -> None:
    (problem,) = problems(given).values()
    assert problem.field == f"params.{next(iter(given))}"
    assert message in problem.message
    assert problem.got == next(iter(given.values()))
    assert allowed is None or problem.allowed == allowed


def test_a_condition_that_does_not_hold() -> None:
    found = problems({"optimizer": "sgd", "momentum": 0.9})
    assert found["params.momentum"].message == 'applies only if `optimizer` is "momentum"'


def test_what_does_not_apply_and_was_queued_by_an_earlier_version_is_left_out() -> None:
    whole = complete(SPACE, 0, 0, {"optimizer": "sgd", "momentum": 0.9})
    assert whole["optimizer"] == "sgd"
    assert fits(SPACE, whole)


def test_not_finite() -> None:
    assert "params.learning_rate" in problems({"learning_rate": math.nan})
