"""What a watcher sees: plain lines where output is no terminal, a bar where it is."""

import io
from collections.abc import Sequence
from typing import Any, cast

import pytest
from rich.console import Console

from hpsearch.cli import tables
from hpsearch.cli.watch import Pace, Watcher, exit_code, note, watch_until_end
from hpsearch.client import Client, Job
from hpsearch.errors import ServiceError


def _job(state: str = "running", complete: int = 0, **fields: Any) -> dict[str, Any]:
    trials = {"planned": 10, "running": 1, "complete": complete, "pruned": 2, "failed": 0}
    progress = {"trials": trials, "round": 1, "rounds": 3, "epochs": 2.25}
    links = {"self": "/api/v1/jobs/abc", "dashboard": "/dashboard/studies/1"}
    job: dict[str, Any] = {
        "id": "abc",
        "name": None,
        "state": state,
        "stop_reason": "budget: trials",
        "spec": {"objective": "accuracy"},
    }
    best = {"number": 1, "value": 0.9512, "params": {"learning_rate": 0.1}} if complete else None
    job |= {"progress": progress, "best": best, "seconds": 12.0, "links": links}
    return job | {"created_at": "2026-11-23T10:00:00Z"} | fields


def test_a_note_says_trials_pruned_best_and_time_left() -> None:
    assert note(_job(), 48) == "2/10 trials (2 pruned), round 1/3, best –, about 48 s left"
    assert note(_job(complete=2), None) == "4/10 trials (2 pruned), round 1/3, best 0.9512"
    assert note(_job("completed", complete=8), 0).endswith("round 1/3, best 0.9512")
    assert "about 8 min 00 s left" in note(_job(), 480)
    endless = _job()
    endless["progress"]["trials"]["planned"] = None
    assert note(endless, None).startswith("2 trials (2 pruned)")


def test_time_left_goes_by_the_pace_of_the_round() -> None:
    pace = Pace()
    assert pace.seconds_left(_job(seconds=0.0)) is None
    assert pace.seconds_left(_job(seconds=12.0)) == 6.0 * 8
    assert pace.seconds_left(_job(complete=2, seconds=12.0)) == 6.0 * 6
    later = _job(complete=2, seconds=12.0)
    later["progress"]["round"] = 2
    assert pace.seconds_left(later) == 3.0 * 6  # nothing of the round yet: the pace of all
    later["progress"]["trials"]["complete"] = 3
    assert pace.seconds_left(later | {"seconds": 32.0}) == 20.0 * 5
    later["progress"]["trials"]["planned"] = None
    assert pace.seconds_left(later) is None


class _Telling(Client):
    """A server that tells of these jobs, one after the other, or meets these faults."""

    def __init__(self, jobs: Sequence[dict[str, Any] | ServiceError]) -> None:
        super().__init__("http://127.0.0.1:1")
        self._jobs = iter(jobs)

    def job(self, job_id: str) -> Job:
        assert job_id == "abc"
        answer = next(self._jobs)
        if isinstance(answer, ServiceError):
            raise answer
        return cast(Job, answer)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        assert path.endswith("/abc/trials")
        reports = [{"value": 0.25}, {"value": 0.75}]
        params = {"learning_rate": 0.125}
        trial = {"number": 77, "round": 0, "outcome": None, "reports": reports, "params": params}
        return {"items": [trial]}


@pytest.mark.parametrize("terminal", [False, True])
def test_watches_until_the_end(terminal: bool) -> None:
    text = io.StringIO()
    out = Console(file=text, force_terminal=terminal, width=120)
    story = [_job("queued"), _job(), _job(complete=3), _job("completed", complete=8)]
    slept: list[float] = []
    clock = lambda: 100.0 * len(slept)  # noqa: E731 - read once, two lines below
    with _Telling(story) as client, Watcher(out, clock, slept.append) as watcher:
        ended = watch_until_end(client, "abc", watcher)
    assert ended["state"] == "completed"
    assert len(slept) == 3
    assert "10/10 trials (2 pruned)" in text.getvalue()
    assert ("0.125" in text.getvalue()) is terminal
    if not terminal:
        assert [line.partition(":")[0] for line in text.getvalue().splitlines()] == [
            "queued",
            "running",
            "running",
            "completed",
        ]


GONE = ServiceError(["no answer from http://h: Connection refused"])
STARTING = ServiceError(["the database cannot be reached"], 503)


def _watch(story: Sequence[dict[str, Any] | ServiceError]) -> tuple[str, list[str]]:
    """How the job ended, and the lines that were said; 10 seconds pass with each look."""
    text, slept = io.StringIO(), list[float]()
    watcher = Watcher(Console(file=text, width=200), lambda: 10.0 * len(slept), slept.append)
    with _Telling(story) as client, watcher:
        ended = watch_until_end(client, "abc", watcher)
    return ended["state"], text.getvalue().splitlines()


def test_a_restart_and_a_minute_of_silence_are_outlasted_and_said() -> None:
    away = [GONE] * 6 + [STARTING] * 2
    state, lines = _watch([_job(), *away, _job(complete=3), _job("completed", complete=8)])
    assert state == "completed"
    assert lines[1] == "waiting: no answer from http://h: Connection refused; trying again"
    assert "waiting: the database cannot be reached; trying again" in lines
    assert [line.partition(":")[0] for line in lines[-2:]] == ["running", "completed"]


def test_patience_ends_and_some_answers_need_none() -> None:
    with pytest.raises(ServiceError, match="Connection refused"):
        _watch([_job(), *[GONE] * 100])
    with pytest.raises(ServiceError, match="Connection refused"):
        _watch([GONE, _job("completed")])  # it never answered: likely another address is meant
    with pytest.raises(ServiceError, match="no job"):
        _watch([_job(), ServiceError(["no job has the id 'abc'"], 404), _job("completed")])


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (_job("completed", complete=1), 0),
        (_job("cancelled", complete=1), 1),
        (_job("failed"), 1),
        (_job("completed"), 3),
    ],
)
def test_exit_codes(job: dict[str, Any], expected: int) -> None:
    assert exit_code(job) == expected


def test_a_job_without_a_complete_trial_says_so() -> None:
    text = io.StringIO()
    job = _job("completed", stop_reason="budget: seconds")
    tables.print_result(Console(file=text, width=30), "http://h:1", job, [])
    assert "job abc completed (budget: seconds): 0 complete" in text.getvalue()
    assert "no best trial: the job ended before any was trained to its end\n" in text.getvalue()


def test_plain_lines_are_few() -> None:
    text = io.StringIO()
    with Watcher(Console(file=text, width=120), clock=lambda: 1.0) as watcher:
        for complete in range(8):
            watcher.show(_job(complete=complete))
        watcher.show(_job("completed", complete=8))
    assert len(text.getvalue().splitlines()) == 2


def test_the_result_names_job_and_dashboard() -> None:
    text = io.StringIO()
    job = _job("completed", complete=8)
    tables.print_result(Console(file=text, width=100), "http://h:1", job, [job["best"]])
    shown = text.getvalue()
    assert "job abc completed (budget: trials): 8 complete, 2 pruned, 0 failed" in shown
    assert "0.9512" in shown
    assert "learning_rate" in shown
    assert "http://h:1/api/v1/jobs/abc\n" in shown
    assert "http://h:1/dashboard/studies/1\n" in shown


def test_empty_tables_say_so() -> None:
    text = io.StringIO()
    out = Console(file=text, width=100, markup=False)
    tables.print_jobs(out, [])
    tables.print_best(out, [])
    tables.print_jobs(out, [_job()])
    tables.print_jobs(out, [_job(name="[bold]a\x1b[2J")])
    assert "[bold]a\N{REPLACEMENT CHARACTER}[2J" in text.getvalue()
    assert "no jobs yet\nno trial is complete yet\n" in text.getvalue()
    assert "2026-11-23 10:00:00" in text.getvalue()
