"""A changed budget keeps a limit, and its bounds are those of a new search."""

import pytest

from hpsearch.errors import InvalidSpec
from hpsearch.spec.budget_change import with_budget
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import parse_spec

SPEC = parse_spec({"dataset": "digits", "network": "mlp", "budget": {"trials": 10}})


def test_a_limit_may_take_the_place_of_another() -> None:
    changed = with_budget(SPEC, {"trials": None, "epochs": 5}).budget
    assert (changed.trials, changed.epochs) == (None, 5)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"trials": None}, "budget"),
        ({"target": 1.5}, "budget.target"),
        ({"tials": 1}, "budget.tials"),
    ],
)
def test_what_ends_no_search_or_is_out_of_bounds_is_refused(
    patch: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidSpec) as raised:
        with_budget(SPEC, patch)
    assert [problem.field for problem in raised.value.problems] == [field]


def test_the_last_limit_is_not_replaced_in_silence() -> None:
    with pytest.raises(InvalidSpec, match="give one of trials, epochs, seconds"):
        with_budget(SPEC, {"trials": None, "patience": 3})


def test_a_loss_may_have_a_target_above_one() -> None:
    loss = SPEC.model_copy(update={"objective": Objective.LOSS})
    assert with_budget(loss, {"target": 1.5}).budget.target == 1.5
