"""What a watcher sees: plain lines where output is no terminal, a bar where it is."""

import io
from typing import Any

import pytest
from rich.console import Console

from hpsearch.cli import tables
from hpsearch.cli.watch import Pace, Watcher, note, watch_until_end
from hpsearch.client import Client


def _job(state: str = "running", complete: int = 0, **fields: Any) -> dict[str, Any]:
    trials = {"planned": 10, "running": 1, "complete": complete, "pruned": 2, "failed": 0}
    progress = {"trials": trials, "round": 1, "rounds": 3, "epochs": 2.25}
    links = {"self": "/api/v1/jobs/abc", "dashboard": "/dashboard/studies/1"}
    job: dict[str, Any] = {
        "id": "abc",
        "name": None,
        "state": state,
        "stop_reason": "budget: trials",
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
    """A server that tells of these jobs, one after the other."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        super().__init__("http://127.0.0.1:1")
        self._jobs = iter(jobs)

    def job(self, job_id: str) -> dict[str, Any]:
        assert job_id == "abc"
        return next(self._jobs)


@pytest.mark.parametrize("terminal", [False, True])
def test_watches_until_the_end(terminal: bool) -> None:
    text = io.StringIO()
    out = Console(file=text, force_terminal=terminal, width=120)
    story = [_job("queued"), _job(), _job(complete=3), _job("completed", complete=8)]
    slept: list[float] = []
    with _Telling(story) as client, Watcher(out, clock=lambda: 100.0 * len(slept)) as watcher:
        ended = watch_until_end(client, "abc", watcher, slept.append)
    assert ended["state"] == "completed"
    assert len(slept) == 3
    assert "10/10 trials (2 pruned)" in text.getvalue()
    if not terminal:
        assert [line.partition(":")[0] for line in text.getvalue().splitlines()] == [
            "queued",
            "running",
            "running",
            "completed",
        ]


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
