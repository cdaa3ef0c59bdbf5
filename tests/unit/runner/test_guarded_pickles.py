"""Of pickles from elsewhere come errors, and no code."""

import os
import pickle
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import distributed.client
import distributed.protocol.pickle
import pytest
from distributed.protocol.serialize import deserialize, serialize

from hpsearch.errors import AnswerRefused, FieldProblem, ImpossibleShape, InvalidSpec
from hpsearch.runner.guarded_pickles import Refused, guard, loads


class Calls:
    """A pickle that calls a function where it is read."""

    def __init__(self, called: Callable[..., object], *given: object) -> None:
        self._called, self._given = called, given

    def __reduce__(self) -> tuple[object, ...]:
        return self._called, self._given


@pytest.mark.parametrize(
    "error",
    [
        ImpossibleShape(2, "pooling", (3, 1, 1), "2 by 2"),
        InvalidSpec([FieldProblem("seed", "is no number", "x", "a number")]),
        AnswerRefused("it is not JSON"),
        ValueError("a reason", 3),
        KeyError("name"),
    ],
)
def test_errors_come_through(error: Exception) -> None:
    found = loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert vars(found) == vars(error)


@pytest.mark.parametrize(
    "called", [Path.touch, os.system, subprocess.run, eval, exec, getattr, __import__, open]
)
def test_nothing_is_called(called: Callable[..., object], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    found = loads(pickle.dumps({"leg": "x", "report": Calls(called, trap)}))
    assert isinstance(found, dict)
    assert isinstance(found["report"], Refused)
    for broken in (pickle.dumps(OrderedDict(a=1)), b"", b"\x80\x04N", b"\xff"):
        assert isinstance(loads(broken), Refused)
    assert not trap.exists()


@pytest.mark.parametrize(
    "name",
    ["FieldProblem.__init__", "Any", "dataclass", "_restore.__globals__", "no_such_name", "os"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    content = b"\x80\x04\x8c\x0fhpsearch.errors\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    assert loads(content) is Refused


def test_dask_reads_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (distributed.protocol.pickle, distributed.client):
        monkeypatch.setattr(module, "pickle", pickle)  # and back after the test
    trap = tmp_path / "trap"
    hidden = serialize(Calls(Path.touch, trap), serializers=["pickle"])
    guard()
    assert isinstance(deserialize(*hidden), Refused)
    of_client = vars(distributed.client)
    for each in (of_client["loads"], of_client["pickle"].loads):
        assert isinstance(each(pickle.dumps(Calls(Path.touch, trap))), Refused)
    assert not trap.exists()
    monkeypatch.undo()
    deserialize(*hidden)
    assert trap.exists()
