"""What a leg makes of what Dask says of its futures. The futures are made up."""

import queue
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from distributed import Client

from hpsearch.errors import AnswerRefused, ImpossibleShape
from hpsearch.runner.dask_leg import DaskData, DaskLeg
from hpsearch.runner.fair_queue import Share
from hpsearch.runner.leg_board import LegBoard
from hpsearch.runner.ports import LegDone, LegFailed, LegLanded
from hpsearch.runner.told_reports import ToldReports
from hpsearch.runner.worker_answers import report_bytes
from hpsearch.runner.worker_tasks import Conditions
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegReport, LegTask

TASK = LegTask(NetworkSettings(architecture="mlp"), TrainingSettings(), 0, 0, 1, 1)
REPORT = LegReport(1, 1.0, 0.5, 1.0, 1.0, 2.0, None, 0.1, False, 0.5, 0.4, "0f" * 32)
ANSWER = report_bytes(REPORT)
SCORES = ("value", "loss", "balanced_accuracy", "macro_f1")
NO_SCORES: dict[str, Any] = dict.fromkeys(SCORES, float("nan"))
STOPPED = report_bytes(replace(REPORT, stopped=True, weights=None, **NO_SCORES))


@dataclass(eq=False)
class FakeFuture:
    """As Dask's: a status, and callbacks that are called when it is no longer pending."""

    key: str = ""
    status: str = "pending"
    value: object = None
    callbacks: list[Callable[[Any], None]] = field(default_factory=list)
    asked: int = 0

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self.asked += 1
        assert self.asked < 10, "it is asked without pause"
        if self.status == "pending":
            self.callbacks.append(callback)
        else:
            callback(self)

    def become(self, status: str, value: object = None) -> None:
        self.status, self.value = status, value
        waiting, self.callbacks = self.callbacks, []
        for callback in waiting:
            callback(self)

    def result(self, timeout: float | None) -> object:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def exception(self) -> object:
        return self.value

    def release(self) -> None: ...


@dataclass
class FakeClient:
    futures: list[FakeFuture] = field(default_factory=list)

    def submit(self, *_: object, key: str, **__: object) -> FakeFuture:
        self.futures.append(FakeFuture(key))
        return self.futures[-1]


class Flight:
    """One leg that was given to a worker."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.board: LegBoard[DaskLeg] = LegBoard(DaskLeg.blamed_for)
        self.board.slots = 1
        self.inbox: queue.Queue[LegLanded] = queue.Queue()
        data = DaskData(cast(Any, FakeFuture("data")))
        self.told = ToldReports()
        self.leg = DaskLeg(self.board, self.told, self.start, TASK, data, None, self.inbox)
        self.board.add(self.leg, Share(), 0)
        self.start()

    def start(self) -> None:
        while (leg := self.board.take()) is not None:
            leg.start(cast(Client, self.client), Conditions(), None)

    @property
    def last(self) -> FakeFuture:
        """What was asked of the workers last: the leg, or its report."""
        return self.client.futures[-1]

    def tell(self, answer: object) -> None:
        """The worker's word, and then Dask's that the leg was trained."""
        self.told.hear([0.0, {"leg": self.last.key, "report": answer}])
        self.last.become("finished")


@pytest.fixture
def flight() -> Flight:
    return Flight()


def test_a_report_that_is_told_lands_without_being_asked_for(flight: Flight) -> None:
    flight.tell(ANSWER)
    assert flight.inbox.get_nowait() == LegLanded(flight.leg, LegDone(REPORT))
    assert flight.inbox.empty()
    assert len(flight.client.futures) == 1


def test_a_report_that_was_not_told_is_asked_for(flight: Flight) -> None:
    for odd in ([], [0.0, "report"], [0.0, {"leg": "another", "report": ANSWER}]):
        flight.told.hear(odd)
    flight.last.become("finished")
    assert flight.inbox.empty()
    flight.last.become("finished", ANSWER)
    assert flight.inbox.get_nowait() == LegLanded(flight.leg, LegDone(REPORT))
    assert flight.inbox.empty()


def test_what_was_told_counts_though_its_worker_is_gone(flight: Flight) -> None:
    flight.told.hear([0.0, {"leg": flight.last.key, "report": ANSWER}])
    flight.last.become("lost")
    assert flight.inbox.get_nowait().result == LegDone(REPORT)


@pytest.mark.parametrize("asked", [False, True])
def test_what_is_lost_is_listened_for_again_but_not_without_pause(
    flight: Flight, asked: bool
) -> None:
    if asked:
        flight.last.become("finished")
    awaited = flight.last
    awaited.become("lost")
    for _ in range(5):
        flight.leg.look_again()
    assert awaited.asked == 1
    awaited.status = "pending"  # Dask trains it again
    flight.leg.look_again()
    if asked:
        awaited.become("finished", ANSWER)
    else:
        flight.tell(ANSWER)
    assert flight.inbox.get_nowait() == LegLanded(flight.leg, LegDone(REPORT))
    assert flight.inbox.empty()


def test_a_leg_that_was_told_to_stop_begins_again_and_never_counts_as_diverged(
    flight: Flight,
) -> None:
    first = flight.last
    flight.tell(STOPPED)
    assert flight.inbox.empty()
    assert flight.last is not first
    flight.tell(ANSWER)
    assert flight.inbox.get_nowait().result == LegDone(REPORT)


def test_an_error_of_the_network_is_the_result(flight: Flight) -> None:
    error = ImpossibleShape(1, "convolution", (1, 8, 8), "more")
    flight.last.become("error", error)
    assert flight.inbox.get_nowait().result == LegFailed(error)


def test_a_leg_that_was_released_says_nothing(flight: Flight) -> None:
    flight.leg.release()
    flight.tell(ANSWER)
    assert flight.inbox.empty()
    assert flight.board.with_workers() == []


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (report_bytes(replace(REPORT, value=1.5)), "value: .* not 1.5"),
        (TypeError("serialized with pickle"), "not plain data|not bytes"),
    ],
)
def test_an_answer_that_cannot_be_is_an_error_of_its_leg(
    flight: Flight, answer: object, message: str, asked: bool
) -> None:
    if asked:
        flight.last.become("finished")
        flight.last.become("finished", answer)
    else:
        flight.tell(answer)
    result = flight.inbox.get_nowait().result
    assert isinstance(result, LegFailed)
    with pytest.raises(AnswerRefused, match=message):
        raise result.error
    assert flight.board.with_workers() == []
