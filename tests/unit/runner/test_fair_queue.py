"""Several jobs share the workers fairly."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.runner.fair_queue import FairQueue, Share


def test_two_jobs_take_turns() -> None:
    turns: FairQueue[str] = FairQueue()
    first, second = Share(), Share()
    for number in range(4):
        turns.add(f"a{number}", first, number)
    for number in range(4):
        turns.add(f"b{number}", second, number)
    assert [turns.pop() for _ in range(4)] == ["a0", "b0", "a1", "b1"]


def test_within_a_job_the_older_trial_comes_first() -> None:
    turns: FairQueue[str] = FairQueue()
    share = Share()
    turns.add("younger", share, 9)
    turns.add("older", share, 3)
    assert turns.pop() == "older"


def test_a_job_of_weight_three_gets_three_turns_of_four() -> None:
    turns: FairQueue[str] = FairQueue()
    heavy, light = Share(weight=3.0), Share()
    for number in range(40):
        turns.add("heavy", heavy, number)
        turns.add("light", light, number)
    assert Counter(turns.pop() for _ in range(40)) == {"heavy": 30, "light": 10}


def test_a_job_that_comes_late_neither_waits_nor_catches_up() -> None:
    turns: FairQueue[str] = FairQueue()
    early, late = Share(), Share()
    for number in range(100):
        turns.add("early", early, number)
    for _ in range(50):
        turns.pop()
    for number in range(10):
        turns.add("late", late, number)
    assert Counter(turns.pop() for _ in range(10)) == {"early": 5, "late": 5}


def test_an_item_that_was_removed_gets_no_turn() -> None:
    turns: FairQueue[str] = FairQueue()
    share = Share()
    turns.add("gone", share, 0)
    assert turns.remove("gone")
    assert not turns.remove("gone")
    with pytest.raises(IndexError):
        turns.pop()


def test_a_weight_that_no_submission_may_have_any_more_starves_nobody() -> None:
    """Earlier versions took any weight above 0, and stored it."""
    turns: FairQueue[str] = FairQueue()
    tiny = Share(weight=1e-300)
    for number in range(3):
        turns.add("tiny", tiny, number)
        turns.pop()
    shares = {"one": Share(), "two": Share(), "four": Share(weight=2.0)}
    for name, share in shares.items():
        for number in range(300):
            turns.add(name, share, number)
    assert Counter(turns.pop() for _ in range(300)) == {"one": 75, "two": 75, "four": 150}


weights = st.floats(-3, 3).map(lambda power: 10**power)
moves = st.one_of(
    st.tuples(st.just("turn"), st.integers(0, 5), weights),
    st.tuples(st.just("weight"), st.integers(0, 5), weights),
    st.tuples(st.just("leave"), st.integers(0, 5), weights),
)


@given(past=st.lists(moves, max_size=40), at_last=st.lists(weights, min_size=6, max_size=6))
def test_whatever_came_before_each_gets_its_part(
    past: list[tuple[str, int, float]], at_last: list[float]
) -> None:
    turns: FairQueue[int] = FairQueue()
    shares = [Share() for _ in at_last]
    for move, number, weight in past:
        if move == "turn":
            turns.add(number, shares[number], 0)
            turns.pop()
        elif move == "weight":
            shares[number].weight = weight
        else:
            turns.remove(number)
    while len(turns):
        turns.pop()
    for number, (share, weight) in enumerate(zip(shares, at_last, strict=True)):
        share.weight = weight
        for order in range(300):
            turns.add(number, share, order)
    counts = Counter(turns.pop() for _ in range(300))
    for number, weight in enumerate(at_last):
        assert abs(counts[number] - 300 * weight / sum(at_last)) <= 0.05 * 300


def test_a_share_that_is_first_comes_before_all_others() -> None:
    turns: FairQueue[str] = FairQueue()
    usual, first = Share(1000.0), Share(first=True)
    for place in range(3):
        turns.add(f"usual {place}", usual, place)
    turns.pop()
    turns.add("first", first, 0)
    assert [turns.pop() for _ in range(3)] == ["first", "usual 1", "usual 2"]
