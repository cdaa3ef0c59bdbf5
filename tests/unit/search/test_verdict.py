import numpy as np
import pytest

from hpsearch.search.verdict import judge

RATIO = 0.25


def test_the_better_one_is_said_to_be_better() -> None:
    scores = {4: [0.95, 0.96, 0.94, 0.95, 0.96], 7: [0.90, 0.91, 0.89, 0.91, 0.90]}
    verdict = judge(scores, {4: 10, 7: 5}, RATIO)
    assert (verdict.winner, verdict.better_than, verdict.tied) == (4, (7,), ())
    assert verdict.words == "trial 4 is better than trial 7"


def test_of_a_tie_the_cheapest_is_taken() -> None:
    scores = {
        4: [0.95, 0.96, 0.94, 0.95, 0.96],
        7: [0.95, 0.94, 0.95, 0.94, 0.96],
        9: [0.80, 0.81, 0.80, 0.81, 0.80],
    }
    verdict = judge(scores, {4: 10, 7: 5, 9: 1}, RATIO)
    assert (verdict.winner, verdict.better_than, verdict.tied) == (7, (9,), (4, 7))
    assert verdict.words == (
        "a tie of trials 4 and 7; trial 7 is taken because it is the cheapest of them, "
        "and is better than trial 9"
    )


def test_who_is_tied_with_the_winner_is_not_said_to_be_better_than_those_below_it() -> None:
    """One bad repeat leaves trial 31 in doubt; it does not make it better than trial 34."""
    scores = {
        31: [0.9688, 0.9722, 0.9722, 0.9688, 0.9167],
        34: [0.9583, 0.9583, 0.9653, 0.9583, 0.9792],
        37: [0.9688, 0.9688, 0.9757, 0.9722, 0.9896],
    }
    verdict = judge(scores, dict.fromkeys(scores, 1.0), RATIO)
    assert verdict.words == (
        "a tie of trials 31 and 37; trial 37 is taken because it scored highest and all cost the "
        "same, and is better than trial 34"
    )


def test_of_a_tie_of_equal_costs_the_highest_is_taken() -> None:
    scores = {4: [0.9, 0.9, 0.91], 7: [0.9, 0.91, 0.91], 9: [0.9, 0.9, 0.9]}
    verdict = judge(scores, dict.fromkeys(scores, 1.0), RATIO)
    assert verdict.winner == 7
    assert verdict.words == (
        "a tie of trials 4, 7 and 9; "
        "trial 7 is taken because it scored highest and all cost the same"
    )


def test_one_candidate_alone_wins() -> None:
    assert judge({3: [0.9, 0.8]}, {3: 1}, RATIO).words == "trial 3 is the only candidate"


@pytest.mark.parametrize("repeats", [3, 5, 10])
def test_better_is_seldom_said_of_equals(repeats: int) -> None:
    random = np.random.default_rng(repeats)
    said = 0
    for _ in range(400):
        scores = dict(enumerate(random.normal(0.9, 0.01, (2, repeats)).tolist()))
        said += bool(judge(scores, {0: 1, 1: 1}, RATIO).better_than)
    assert said / 400 <= 0.05
