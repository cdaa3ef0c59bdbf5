"""Searches against searches, with seeds as replicates."""

import numpy as np
import pytest

from hpsearch.search.replicates import Group, compare, groups_of, told
from hpsearch.spec.objective import Objective

ACCURACY, LOSS = Objective.ACCURACY, Objective.LOSS
OLD = Group("old", {0: 0.90, 1: 0.92, 2: 0.88})
NEW = Group("new", {0: 0.93, 1: 0.95, 2: 0.912})


def test_what_differs_only_by_name_and_seed_is_one_group() -> None:
    specs: dict[str, dict[str, object]] = {
        "a": {"seed": 0, "name": "x", "epochs": 1},
        "b": {"seed": 0, "name": "y", "epochs": 2},
        "c": {"name": None, "epochs": 1, "seed": 4},
    }
    assert groups_of(specs) == [["a", "c"], ["b"]]


def test_pairs_tell_what_groups_cannot() -> None:
    found = compare(OLD, NEW, ACCURACY, 0.25)
    assert found is not None
    assert found.pairs == 3
    assert found.certain
    assert found.better_by == pytest.approx(0.0306667, abs=1e-6)
    # Three differences: t(2) = 4.3027, (1/3 + 1/4) times their variance of 1.3333e-06.
    assert found.interval.low == pytest.approx(0.0306667 - 0.0037946, abs=1e-6)
    assert told(OLD, NEW, ACCURACY, found) == (
        "new is better than old: 0.0307 more accuracy, with 95 % confidence 0.0269 to 0.0345 "
        "(3 pairs of searches with the same seeds)."
    )
    apart = compare(OLD, Group("new", {5: 0.93, 6: 0.95, 7: 0.912}), ACCURACY, 0.25)
    assert apart is not None
    assert (apart.pairs, apart.certain) == (0, False)
    assert told(OLD, NEW, ACCURACY, apart).startswith("new and old cannot be told apart: ")


def test_the_worse_one_is_named_second_and_losses_are_better_when_lower() -> None:
    found = compare(NEW, OLD, ACCURACY, 0.25)
    assert told(NEW, OLD, ACCURACY, found).startswith("new is better than old: 0.0307 more")
    found = compare(OLD, NEW, LOSS, 0.25)
    assert told(OLD, NEW, LOSS, found).startswith("old is better than new: 0.0307 less")


def test_one_search_each_says_nothing() -> None:
    one, other = Group("old", {0: 0.9}), Group("new", {0: 0.95})
    assert compare(one, other, ACCURACY, 0.25) is None
    assert "cannot be said from 1 of new and 1 of old" in told(one, other, ACCURACY, None)


def test_equal_searches_are_not_different() -> None:
    found = compare(OLD, Group("same", {5: 0.9, 6: 0.9}), ACCURACY, 0.0)
    assert found is not None
    assert not found.certain
    exact = compare(Group("a", {0: 0.5, 1: 0.5}), Group("b", {2: 0.5, 3: 0.5}), ACCURACY, 0.25)
    assert exact is not None
    assert not exact.certain


@pytest.mark.parametrize("paired", [True, False])
def test_of_searches_that_are_alike_few_are_called_different(paired: bool) -> None:
    draw = np.random.default_rng(4)
    wrong = 0
    for _ in range(1000):
        values = draw.normal(0.9, 0.01, (2, 4))
        seeds = (range(4), range(4) if paired else range(4, 8))
        first, second = (
            Group(name, dict(zip(own, row, strict=True)))
            for name, own, row in zip("ab", seeds, values, strict=True)
        )
        found = compare(first, second, ACCURACY, 0.0)
        assert found is not None
        wrong += found.certain
    assert 30 <= wrong <= 70  # of 1000, at 95 %
