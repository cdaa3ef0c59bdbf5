"""How many points a space has, and which are left: against walking through all of them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hpsearch.search.points import count, key_of, untried
from hpsearch.search.scale import Space, fits
from hpsearch.spec.search import parse_spec


def space_of(**space: Any) -> Space:
    return parse_spec(
        {"dataset": "digits", "learning_rate": 0.1, "weight_decay": 0.0, "space": space}
    ).space


CONDITIONAL = {
    "optimizer": {"choices": ["sgd", "momentum", "adam"]},
    "momentum": {"low": 0.5, "high": 0.9, "step": 0.1, "when": {"optimizer": ["momentum"]}},
    "batch_size": {"type": "int", "low": 16, "high": 70, "step": 16},
    "clip_norm": {"choices": [None, 1.0]},
}


def test_conditions_and_null_are_counted_right() -> None:
    """Five values of the momentum in one branch, none in the two others."""
    assert count(space_of(**CONDITIONAL)) == (5 + 1 + 1) * 4 * 2
    assert count(space_of()) == 1


def test_a_parameter_with_two_parents() -> None:
    space = space_of(
        optimizer={"choices": ["sgd", "adam"]},
        activation={"choices": ["relu", "tanh", "sigmoid"]},
        dropout={"choices": [0, 0.5], "when": {"optimizer": ["adam"], "activation": ["relu"]}},
    )
    assert count(space) == 6 + 1
    assert len(list(untried(space, set()))) == 7


def test_a_real_number_has_no_end() -> None:
    assert count(space_of(momentum={"low": 0.5, "high": 0.9})) is None
    assert count(space_of(momentum={"low": 0.5, "high": 0.5})) == 1
    everywhere = {
        "optimizer": {"choices": ["sgd", "momentum"]},
        "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["momentum"]}},
    }
    assert count(space_of(**everywhere)) is None


@given(
    choices=st.lists(st.sampled_from(["sgd", "momentum", "adam"]), min_size=1, unique=True),
    steps=st.integers(0, 4),
    sizes=st.integers(1, 3),
    skip=st.integers(0, 10),
)
def test_as_many_as_there_are_and_each_once(
    choices: list[str], steps: int, sizes: int, skip: int
) -> None:
    space = space_of(
        optimizer={"choices": choices},
        momentum={
            "low": 0.1,
            "high": round(0.1 + 0.1 * steps, 1),
            "step": 0.1,
            "when": {"optimizer": [choices[0]]},
        },
        batch_size={"type": "int", "low": 10, "high": 10 * sizes, "step": 10},
    )
    points = list(untried(space, set()))
    assert all(fits(space, params) for params in points)
    keys = [key_of(params) for params in points]
    assert len(set(keys)) == len(keys) == count(space)
    left = untried(space, set(keys[:skip]))
    assert [key_of(params) for params in left] == keys[skip:]
