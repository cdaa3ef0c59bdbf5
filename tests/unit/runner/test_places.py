"""Who starts next, and who makes room."""

import pytest

from hpsearch.runner.places import (
    TURN_SECONDS,
    Started,
    Waiting,
    free,
    in_order,
    to_leave,
    to_leave_for_their_owner,
    within_quota,
)


def test_the_larger_priority_starts_first_and_age_makes_up_for_it() -> None:
    young, old = Waiting("young", 10.0, age=5), Waiting("old", 1.0, age=20)
    assert in_order([old, young]) == ["young", "old"]
    assert in_order([young, Waiting("old", 1.0, age=60)]) == ["old", "young"]


def test_what_ran_before_a_restart_starts_first() -> None:
    assert in_order([Waiting("new", 9.0, 99), Waiting("ran", 1.0, 1, started=True)])[0] == "ran"


@pytest.mark.parametrize(
    ("leaving", "expected"),
    [([None, None], 0), ([None], 1), ([30.0, None], 0), ([300.0, None], 1), ([300.0] * 4, 0)],
)
def test_who_takes_long_to_leave_counts_no_more_but_not_without_end(
    leaving: list[float | None], expected: int
) -> None:
    started = {str(index): Started(400, since) for index, since in enumerate(leaving)}
    assert free(started, places=2) == expected


def test_nobody_leaves_while_nobody_waits_or_a_place_is_free() -> None:
    started = {"a": Started(TURN_SECONDS * 9), "b": Started(TURN_SECONDS * 8)}
    assert to_leave(started, places=2, waiting=0) == []
    assert to_leave(started, places=3, waiting=1) == []


def test_those_leave_that_had_their_place_longest_and_half_at_a_time() -> None:
    held = {"a": 70.0, "b": 90.0, "c": 80.0, "d": 10.0}
    started = {name: Started(seconds) for name, seconds in held.items()}
    assert to_leave(started, places=4, waiting=10) == ["b", "c"]
    assert to_leave(started, places=4, waiting=1) == ["b"]
    leaving = started | {"b": Started(95.0, leaving=5.0)}
    assert to_leave(leaving, places=4, waiting=10) == ["c"]


def test_an_owner_has_no_more_than_the_quota_and_others_do_not_wait_for_it() -> None:
    started = {"a": Started(1, owner="ann"), "b": Started(1, leaving=5.0, owner="ann")}
    waiting = [Waiting("c", 1.0, 1, owner="ann"), Waiting("d", 1.0, 1, owner="bob")]
    waiting.append(Waiting("e", 1.0, 1))  # of nobody with a token
    assert [job.id for job in within_quota(waiting, started, 2)] == ["d", "e"]
    assert within_quota(waiting, started, 3) == waiting
    assert within_quota(waiting, started, None) == waiting


def test_the_jobs_of_one_owner_make_room_for_each_other() -> None:
    started = {"a": Started(90, owner="ann"), "b": Started(90, owner="bob"), "c": Started(90)}
    ann, nobody = Waiting("d", 1.0, 1, owner="ann"), Waiting("e", 1.0, 1)
    assert to_leave_for_their_owner(started, [ann, nobody], 1) == {"a"}
    assert to_leave_for_their_owner(started, [ann], 2) == set()
    assert to_leave_for_their_owner(started, [nobody], 1) == set()
    assert to_leave_for_their_owner(started, [ann], None) == set()
