"""Which leg goes to a worker, and which is blamed for a worker's death."""

import threading

from hpsearch.runner.fair_queue import Share
from hpsearch.runner.leg_board import LegBoard, least_busy


def board_of(*legs: str, slots: int, blamed: dict[str, str] | None = None) -> LegBoard[str]:
    """A board with these legs waiting, in order; `blamed` says for which worker's death."""
    board: LegBoard[str] = LegBoard((blamed or {}).get)
    board.slots = slots
    share = Share()
    for order, leg in enumerate(legs):
        board.add(leg, share, order)
    return board


def taken(board: LegBoard[str]) -> list[str]:
    found = []
    while (leg := board.take()) is not None:
        found.append(leg)
    return found


def test_no_more_legs_are_with_workers_than_there_are_workers() -> None:
    board = board_of("a", "b", "c", slots=2)
    assert taken(board) == ["a", "b"]
    assert (board.training(), board.waiting()) == (2, 1)
    board.trained("a")
    assert taken(board) == ["c"]
    assert sorted(board.in_training()) == ["b", "c"]


def test_a_leg_that_nobody_wants_any_more_is_gone_wherever_it_was() -> None:
    board = board_of("waiting", "training", "landing", slots=0)
    board.slots = 3
    assert len(taken(board)) == 3
    board.trained("landing")
    for leg in ("waiting", "training", "landing"):
        board.remove(leg)
        board.retry(leg)  # what came too late
        board.doubt(leg)
    assert (board.training(), board.waiting(), board.with_workers()) == (0, 0, [])


def test_the_only_one_that_is_blamed_is_the_cause() -> None:
    board = board_of("a", "b", slots=2, blamed={"a": "worker 1"})
    taken(board)
    assert board.is_cause("a", "worker 1")


def test_several_that_are_blamed_begin_again_one_at_a_time() -> None:
    board = board_of("a", "b", "c", slots=3, blamed={"a": "worker 1", "b": "worker 1"})
    taken(board)
    assert not board.is_cause("a", "worker 1")
    board.doubt("a")
    assert not board.is_cause("b", "worker 1")  # although it is the only one left
    board.doubt("b")
    assert taken(board) == ["a"]
    board.trained("a")
    assert taken(board) == []  # its report is on the way
    board.remove("a")
    assert taken(board) == ["b"]
    assert board.is_cause("b", "worker 2")


def test_a_leg_that_begins_again_without_doubt_waits_for_its_turn() -> None:
    board = board_of("a", "b", slots=1)
    assert taken(board) == ["a"]
    board.retry("a")
    assert taken(board) == ["a"]  # the lower order
    board.remove("a")
    assert taken(board) == ["b"]


def test_its_length_can_be_asked_for_while_shares_come_and_go() -> None:
    board = board_of(slots=0)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            board.add("a", Share(), 0)
            board.remove("a")

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(20_000):
            assert board.waiting() in (0, 1)
    finally:
        done.set()
        other.join()


def test_each_worker_has_its_next_leg_while_legs_are_short() -> None:
    board = board_of("a", "b", "c", "d", "e", slots=2)
    board.short = True
    assert taken(board) == ["a", "b", "c", "d"]
    board.trained("a")
    assert taken(board) == ["e"]


def test_nothing_is_handed_ahead_while_a_leg_may_be_the_cause_of_a_death() -> None:
    board = board_of("a", "b", "c", "d", slots=1, blamed={"a": "worker 1", "b": "worker 1"})
    board.short = True
    assert taken(board) == ["a", "b"]
    for leg in ("a", "b"):
        assert not board.is_cause(leg, "worker 1")
        board.doubt(leg)
    assert taken(board) == ["a"]
    assert board.is_cause("a", "worker 2")
    board.remove("a")
    assert taken(board) == ["b"]
    board.trained("b")
    board.remove("b")
    assert taken(board) == ["c", "d"]


def test_a_leg_goes_to_the_worker_with_the_fewest() -> None:
    assert least_busy({"a": 1, "b": 1}, ["a", None, "a", "b"], "a") == "b"
    assert least_busy({"a": 1, "b": 1}, ["a", "b"], "b") == "b"  # which has its state
    assert least_busy({"a": 4, "b": 1}, ["a", "a", "a", "b"], None) == "a"  # of a leg a thread
    assert least_busy({"a": 1, "b": 1}, ["gone", "a"], "gone") == "b"
    assert least_busy({"a": 0}, ["gone"], "gone") is None  # it has no thread for a leg
