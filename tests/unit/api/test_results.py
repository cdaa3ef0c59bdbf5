"""What a job found, over HTTP: trials, the best, rounds, events."""

import json

import pytest
from starlette.testclient import TestClient

from tests.unit.api.server_in_process import SMALLEST, ServerInProcess


@pytest.fixture
def job(server: ServerInProcess) -> str:
    job_id = str(server.submit()["id"])
    server.run_a_little(job_id)
    return f"/api/v1/jobs/{job_id}"


@pytest.fixture(scope="module")
def known(client: TestClient) -> str:
    return str(client.post("/api/v1/jobs", json=SMALLEST).json()["links"]["self"])


def test_a_trial_says_why(server: ServerInProcess, job: str) -> None:
    trial = server.client.get(f"{job}/trials/1").json()
    assert (trial["state"], trial["outcome"]) == ("pruned", "pruned")
    assert trial["stop_reason"] == "below the median"
    assert trial["value"] is None
    (report,) = trial["reports"]
    assert report == {
        "step": 50,
        "epoch": 0.5,
        "value": 0.8,
        "loss": 0.3,
        "accuracy": None,
        "balanced_accuracy": None,
        "macro_f1": None,
        "weights": None,
        "training_accuracy": None,
    }
    why = trial["why"]
    assert (why["source"], why["sampler"], why["seed"], why["known"]) == (
        "sampler",
        "tpe",
        2**60 + 1,
        0,
    )
    assert (why["step"], why["value"], why["bar"], why["compared"]) == (50, 0.8, 0.85, 6)


def test_divergence_is_null_never_nan(server: ServerInProcess, job: str) -> None:
    answer = server.client.get(f"{job}/trials/2")
    trial = json.loads(answer.text, parse_constant=pytest.fail)
    (report,) = trial["reports"]
    assert (report["step"], report["epoch"]) == (50, 0.5)
    for score in ("value", "loss", "accuracy", "balanced_accuracy", "macro_f1"):
        assert report[score] is None
    assert (trial["why"]["iteration"], trial["why"]["value"]) == (7, None)


def test_the_likely_best_is_said_while_the_search_runs(server: ServerInProcess, job: str) -> None:
    answer = server.client.get(f"{job}/certificate").json()
    assert answer["state"] == "waiting"
    likely = answer["likely_best"]
    assert likely["trial"] == 0
    assert likely["low"] is None or likely["low"] < likely["estimate"] < likely["high"]
    assert likely["words"].startswith("Trial 0 ")
    new = server.submit()["links"]["self"]
    assert server.client.get(f"{new}/certificate").json()["likely_best"] is None


def test_pages_of_trials_by_number_and_by_value(server: ServerInProcess, job: str) -> None:
    first = server.client.get(f"{job}/trials", params={"limit": 3}).json()
    rest = server.client.get(f"{job}/trials", params={"limit": 3, "after": first["next"]}).json()
    assert [t["number"] for t in first["items"] + rest["items"]] == [0, 1, 2, 3]
    assert rest["next"] is None
    by_value = server.client.get(f"{job}/trials", params={"order": "value"}).json()
    assert by_value["items"][0]["number"] == 0


def test_best_and_rounds(server: ServerInProcess, job: str) -> None:
    [best] = server.client.get(f"{job}/best").json()["items"]
    assert (best["number"], best["value"]) == (0, 0.95)
    [first] = server.client.get(f"{job}/rounds").json()["items"]
    assert first["ranges"]["learning_rate"]["high"] == 1000
    assert first["advice"] == ["look lower"]
    assert first["report_epochs"] == [0.5, 1.0]


@pytest.mark.parametrize("number", ["4", "-1", str(2**31), str(2**63), "9" * 100])
def test_no_such_trial(client: TestClient, known: str, number: str) -> None:
    assert client.get(f"{known}/trials/{number}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", f"limit={2**63}", "limit=x", "order=up", "after=%00", "after=x"],
)
def test_odd_queries(client: TestClient, known: str, query: str) -> None:
    answer = client.get(f"{known}/trials?{query}")
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == query.partition("=")[0]


def _events(text: str) -> list[tuple[int, str, dict[str, object]]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "id" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_events_of_an_ended_job_come_whole_and_end(server: ServerInProcess, job: str) -> None:
    server.end(job.rpartition("/")[2])
    answer = server.client.get(f"{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = _events(answer.text)
    kinds = [kind for _, kind, _ in events]
    assert kinds[0] == "job_created"
    assert kinds.count("trial_started") == 4
    assert kinds.count("trial_ended") == 4
    assert events[-1][1:] == (
        "state_changed",
        {"at": events[-1][2]["at"], "state": "completed", "stop_reason": "budget: trials"},
    )
    numbers = [number for number, _, _ in events]
    assert numbers == sorted(set(numbers))
    middle = numbers[len(numbers) // 2]
    rest = server.client.get(f"{job}/events", headers={"Last-Event-ID": str(middle)})
    assert _events(rest.text) == [event for event in events if event[0] > middle]
    done = server.client.get(f"{job}/events", headers={"Last-Event-ID": str(numbers[-1])})
    assert (done.status_code, done.content) == (204, b"")


@pytest.mark.parametrize("number", ["-1", "x", str(2**63)])
def test_odd_last_event_ids(client: TestClient, known: str, number: str) -> None:
    answer = client.get(f"{known}/events", headers={"Last-Event-ID": number})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("limit=0", "limit", "must be at least 1 and at most 500"),
        ("limit=501", "limit", "must be at least 1 and at most 500"),
        ("limit=3.0", "limit", "write a whole number in decimal digits, such as 10"),
        ("order=best", "order", "must be 'number' or 'value'"),
        (f"after={'x' * 201}", "after", "is longer than 200 characters"),
    ],
)
def test_a_parameter_is_refused_in_words_of_people(
    client: TestClient, known: str, query: str, field: str, words: str
) -> None:
    answer = client.get(f"{known}/trials?{query}")
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert (found["field"], found["message"]) == (field, words)
