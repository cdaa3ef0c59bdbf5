"""Each operation of the HTTP interface is reached by a command."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from hpsearch.cli import main
from hpsearch.client.settings import options

INTERFACE = Path(__file__).parents[3] / "docs" / "openapi.json"

WITHOUT_COMMAND = {
    "get_index": "links, for programs that look around",
    "healthz": "for a supervisor that asks whether the process answers",
    "metrics": "for Prometheus",
    "readyz": "for a load balancer",
}

COMMANDS = {
    "submit_job": "submit SPEC",
    "list_jobs": "jobs --state completed --label x --text y --archived --order best",
    "get_job": "show J",
    "delete_job": "delete J",
    "change_job": "labels J a b",
    "cancel_job": "cancel J",
    "pause_job": "pause J",
    "resume_job": "resume J",
    "enqueue_trial": "enqueue J learning_rate=0.1 optimizer=adam",
    "clone_job": "clone J seed=2 budget.trials=80",
    "list_trials": "trials J --by-value",
    "get_trial": "why J 3",
    "list_best": "best J",
    "list_rounds": "rounds J",
    "stream_events": "events J",
    "get_digest": "digest J",
    "get_certificate": "certificate J",
    "estimate_search": "estimate SPEC",
    "get_estimate": "estimate SPEC",
    "list_datasets": "datasets list --url http://s",
    "upload_dataset": "datasets upload x SPEC",
    "get_dataset": "datasets show x --url http://s",
    "delete_dataset": "datasets delete x --url http://s",
    "list_changes": "changes",
    "get_model": "model J -o OUT",
    "get_trial_model": "model J 3 -o OUT",
    "look_inside": "inside J 3 -o OUT",
    "get_picture": "inside J 3 -o OUT",
    "get_report": "report J -o OUT",
    "export_job": "export J -o OUT",
    "import_job": "import SPEC",
}


def _operations() -> Iterator[tuple[str, str, str]]:
    """Operation ids with their methods and paths."""
    for path, found in json.loads(INTERFACE.read_text())["paths"].items():
        for method, operation in found.items():
            if method != "parameters":
                yield operation["operationId"], method.upper(), path


class Server:
    """Answers everything, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if request.url.path.endswith("/events"):
            return httpx.Response(204)
        answer: dict[str, Any] = {"id": "J", "state": "completed", "items": [], "links": {}}
        if request.url.path.endswith("/inside"):
            answer["pictures"] = [{"name": "filters"}]
        if request.url.path.endswith("/estimates"):
            answer |= {"waits_for": "timing", "links": {"self": "/api/v1/estimates/E"}}
        return httpx.Response(200, json=answer)

    def reached(self) -> set[str]:
        """The operations that were asked for."""
        patterns = {
            name: (method, re.sub(r"{\w+}", "[^/]+", path)) for name, method, path in _operations()
        }
        return {
            name
            for name, (method, pattern) in patterns.items()
            for request in self.asked
            if request.method == method and re.fullmatch(pattern, request.url.path)
        }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    found = Server()

    def with_transport(url: str, timeout: float, token: str | None) -> dict[str, Any]:
        transport = httpx.MockTransport(found.answer)
        return {**options(url, timeout, token), "transport": transport}

    monkeypatch.setattr("hpsearch.client.connection.options", with_transport)
    monkeypatch.setattr("hpsearch.client.connection.time.sleep", lambda _: None)
    return found


def _run(monkeypatch: pytest.MonkeyPatch, folder: Path, words: str) -> None:
    spec = folder / "spec.json"
    spec.write_text('{"dataset": "digits"}')
    given = words.replace("SPEC", str(spec)).replace("OUT", str(folder / "out")).split()
    if not {"-o", "events"} & set(given):
        given.append("--json")
    monkeypatch.setattr(sys, "argv", ["hpsearch", *given])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0, words


@pytest.mark.parametrize("operation", COMMANDS)
def test_the_command_asks_for_the_operation(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, operation: str
) -> None:
    _run(monkeypatch, tmp_path, COMMANDS[operation])
    assert operation in server.reached()


def test_no_operation_is_without_a_command_and_no_name_is_without_an_operation() -> None:
    assert {name for name, _, _ in _operations()} == {*COMMANDS, *WITHOUT_COMMAND}


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("clone J seed=2 budget.trials=80", {"seed": 2, "budget": {"trials": 80}}),
        ("clone J name=null", {"name": None}),
        ("enqueue J rate=0.1 optimizer=adam", {"params": {"rate": 0.1, "optimizer": "adam"}}),
        ("labels J", {"labels": []}),
        ("archive J", {"archived": True}),
        ("unarchive J", {"archived": False}),
        ("priority J 2", {"priority": 2.0}),
        ("extend J --trials 80", {"budget": {"trials": 80}}),
    ],
)  # fmt: skip
def test_what_is_sent(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: str,
    sent: dict[str, Any],
) -> None:
    _run(monkeypatch, tmp_path, words)
    assert json.loads(server.asked[-1].content) == sent


@pytest.mark.parametrize(
    "words", ["enqueue J rate", "clone J a=1 a.b=2", "extend J", "compare J", "plot J --kind x"]
)
def test_what_cannot_be_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["hpsearch", *words.split()])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err
