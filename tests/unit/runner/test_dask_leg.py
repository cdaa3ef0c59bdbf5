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
        self.leg = DaskLeg(self.board, self.start, TASK, data, None, self.inbox)
        self.board.add(self.leg, Share(), 0)
        self.start()

    def start(self) -> None:
        while (leg := self.board.take()) is not None:
            leg.start(cast(Client, self.client), Conditions())

    @property
    def report(self) -> FakeFuture:
        return self.client.futures[-1]


@pytest.fixture
def flight() -> Flight:
    return Flight()


def test_a_lost_report_is_listened_for_again_but_not_without_pause(flight: Flight) -> None:
    flight.report.become("lost")
    for _ in range(5):
        flight.leg.look_again()
    assert flight.report.asked == 1
    flight.report.status = "pending"  # Dask trains it again
    flight.leg.look_again()
    flight.report.become("finished", ANSWER)
    assert flight.inbox.get_nowait() == LegLanded(flight.leg, LegDone(REPORT))
    assert flight.inbox.empty()


def test_a_leg_that_was_told_to_stop_begins_again_and_never_counts_as_diverged(
    flight: Flight,
) -> None:
    first = flight.report
    first.become("finished", STOPPED)
    assert flight.inbox.empty()
    assert flight.report is not first
    flight.report.become("finished", ANSWER)
    assert flight.inbox.get_nowait().result == LegDone(REPORT)


def test_an_error_of_the_network_is_the_result(flight: Flight) -> None:
    error = ImpossibleShape(1, "convolution", (1, 8, 8), "more")
    flight.report.become("error", error)
    assert flight.inbox.get_nowait().result == LegFailed(error)


def test_a_leg_that_was_released_says_nothing(flight: Flight) -> None:
    flight.leg.release()
    flight.report.become("finished", ANSWER)
    assert flight.inbox.empty()
    assert flight.board.with_workers() == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (report_bytes(replace(REPORT, value=1.5)), "value: .* not 1.5"),
        (TypeError("serialized with pickle"), "not plain data"),
    ],
)
def test_an_answer_that_cannot_be_is_an_error_of_its_leg(
    flight: Flight, answer: object, told: str
) -> None:
    flight.report.become("finished", answer)
    result = flight.inbox.get_nowait().result
    assert isinstance(result, LegFailed)
    with pytest.raises(AnswerRefused, match=told):
        raise result.error
    assert flight.board.with_workers() == []
