"""Several jobs share the workers fairly."""

import threading
from collections import Counter

import pytest

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


def test_its_length_can_be_asked_for_while_shares_come_and_go() -> None:
    queue: FairQueue[object] = FairQueue()
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            item = object()
            queue.add(item, Share(), 0)
            queue.remove(item)

    others = [threading.Thread(target=come_and_go)]
    for thread in others:
        thread.start()
    try:
        for _ in range(20_000):
            assert len(queue) in (0, 1)
    finally:
        done.set()
        for thread in others:
            thread.join()
