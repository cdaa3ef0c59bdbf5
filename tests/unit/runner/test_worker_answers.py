"""What workers answer comes through to the bit; what cannot be is refused with the field's name."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from hpsearch.errors import AnswerRefused
from hpsearch.runner import worker_answers
from hpsearch.runner.worker_answers import (
    MOST_TEXT,
    network_bytes,
    read_environment,
    read_network,
    read_report,
    read_timing,
    report_bytes,
    timing_bytes,
)
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegReport, LegTask, TrainState
from hpsearch.training.timing import Timing

TASK = LegTask(NetworkSettings(architecture="mlp"), TrainingSettings(), 0, 0, 7, 7)
REPORT = LegReport(7, 1 / 3, 0.1 + 0.2, 1e-310, 5e300, 2.0, None, 0.1, False, 0.5, 1.0, "0f" * 32)
NAN: dict[str, Any] = dict.fromkeys(("value", "loss", "balanced_accuracy", "macro_f1"), math.nan)
DIVERGED = replace(
    REPORT, step=3, diverged_at=3, training_loss=math.inf, first_loss=math.nan, weights=None, **NAN
)
STATE = TrainState(
    *(7, np.arange(5, dtype=np.float32), np.ones(2, np.float32), 7),
    *({"m": np.zeros(5, np.float32)}, {"state": 1}, 2.0),
)


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        DIVERGED,
        replace(REPORT, training_loss=math.nan),
        replace(REPORT, training_accuracy=1 / 3),
        replace(REPORT, step=2, stopped=True, weights=None, **NAN),
    ],
)
def test_a_report_comes_through_to_the_bit(report: LegReport) -> None:
    assert repr(read_report(report_bytes(report), TASK)) == repr(report)


def test_the_schema_has_the_fields_of_a_report() -> None:
    names = {field.name for field in fields(LegReport)}
    assert set(vars(worker_answers)["_Report"].model_fields) == names


LIES: list[tuple[str, Mapping[str, object]]] = [
    ("value", {"value": 1.0001}),
    ("value", {"value": math.nan}),
    ("value", {"value": "0.5"}),
    ("value", {"value": None}),
    ("value", {"value": [0.5]}),
    ("loss", {"loss": -0.1}),
    ("loss", {"loss": math.inf}),
    ("first_loss", {"first_loss": math.nan}),
    ("macro_f1", {"macro_f1": 2}),
    ("step", {"step": 7.5}),
    ("step", {"step": True}),
    ("step", {"step": -1}),
    ("step: 6 came", {"step": 6}),
    ("step: 8 came", {"step": 8}),
    ("epoch", {"epoch": math.nan}),
    ("seconds", {"seconds": -1}),
    ("stopped", {"stopped": 0}),
    ("weights", {"weights": "0F" * 32}),
    ("weights", {"weights": None}),
    ("training_accuracy", {"training_accuracy": 1.0001}),
    ("training_accuracy", {"training_accuracy": math.nan}),
    ("it has scores or weights", {"stopped": True}),
    (
        "it has scores or weights",
        {"stopped": True, "training_accuracy": 0.5, "weights": None, **NAN},
    ),
    ("it has scores or weights", {"diverged_at": 7, **NAN}),
    ("another step", {"diverged_at": 3, "weights": None, **NAN}),
    ("diverged_at", {"diverged_at": 0, "weights": None, **NAN}),
    ("more", {"more": 1}),
]


@pytest.mark.parametrize(("told", "lie"), LIES)
def test_a_report_that_cannot_be_is_refused(told: str, lie: Mapping[str, object]) -> None:
    answer = json.dumps({**asdict(REPORT), **lie}).encode()
    with pytest.raises(AnswerRefused, match=f"refused: .*{told}"):
        read_report(answer, TASK)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, 1.0, asdict(REPORT), "text", [], REPORT),
        *(b"", b"{}", b"[]", b"null", b"\xff", b"[" * MOST_TEXT, b"9" * MOST_TEXT),
        b" " * (MOST_TEXT + 1),
    ],
)
def test_what_is_no_report_at_all_is_refused(answer: object) -> None:
    with pytest.raises(AnswerRefused):
        read_report(answer, TASK)


def test_a_timing() -> None:
    timing = Timing(1e-3, 2.5e-7)
    assert read_timing(timing_bytes(timing)) == timing
    with pytest.raises(AnswerRefused, match="score"):
        read_timing(b'{"step": 1.0, "score": NaN}')


def test_a_network_comes_through_to_the_bit() -> None:
    found = read_network(network_bytes(STATE), STATE.weights())
    assert found is not None
    assert found.step == STATE.step
    assert found.weights() == STATE.weights()
    assert found.parameters.shape == STATE.parameters.shape
    assert found.parameters.flags.writeable
    assert read_network(network_bytes(None), None) is None


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("its weights are not those", network_bytes(replace(STATE, running=STATE.running * 2))),
        ("27 bytes came, not 28", network_bytes(STATE)[:-1]),
        ("29 bytes came, not 28", network_bytes(STATE) + b"\0"),
        ("parameters: .* valid integer", b'{"step":1,"parameters":1e300,"running":0}\n'),
        ("parameters: .* less", b'{"step":1,"parameters":268435457,"running":0}\n'),
        ("parameters", b'{"step":1,"parameters":-5,"running":5}\n'),
        ("not JSON", b"\x93NUMPY\n"),
        ("not JSON", b"\0" * 10_000),
        ("not bytes", STATE),
    ],
)
def test_a_network_that_cannot_be_is_refused(told: str, answer: object) -> None:
    with pytest.raises(AnswerRefused, match=told):
        read_network(answer, STATE.weights())


@pytest.mark.parametrize(
    "answer", [None, {}, {"blas": 1}, {1: "x"}, {"x": "y" * 1001}, dict.fromkeys("ab" * 9, b"")]
)
def test_an_environment_that_cannot_be_is_refused(answer: object) -> None:
    assert read_environment({"blas": "openblas"}) == {"blas": "openblas"}
    with pytest.raises(AnswerRefused):
        read_environment(answer)
