"""A job's progress, live on a terminal, or as plain lines where output is no terminal."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hpsearch.cli.tables import accuracy, finished
from hpsearch.client import Client

POLL_INTERVAL = 0.5  # seconds
LINE_INTERVAL = 5.0  # seconds between plain lines

Answer = Mapping[str, Any]


class Watcher:
    """Shows a job each time it is told of it."""

    def __init__(self, out: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"),
            console=out, disable=not out.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("waiting", total=None, note="")
        self._pace = Pace()
        self._last_line = ""
        self._next_line = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, job: Answer) -> None:
        text = note(job, self._pace.seconds_left(job))
        if self._out.is_terminal:
            self._bar.update(
                self._task,
                description=job["state"],
                total=job["progress"]["trials"]["planned"],
                completed=finished(job),
                note=text,
            )
            return
        line = f"{job['state']}: {text}"
        if line != self._last_line and (self._clock() >= self._next_line or ended(job)):
            self._out.print(line, highlight=False, soft_wrap=True)
            self._last_line, self._next_line = line, self._clock() + LINE_INTERVAL


def watch_until_end(
    client: Client,
    job_id: str,
    watcher: Watcher,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Show the job until it has ended; answers it as it ended."""
    while True:
        job = client.job(job_id)
        watcher.show(job)
        if ended(job):
            return job
        sleep(POLL_INTERVAL)


def ended(job: Answer) -> bool:
    return job["state"] in ("completed", "cancelled", "failed")


class Pace:
    """Guesses the time left from the pace of the current round: later ones train for longer."""

    def __init__(self) -> None:
        self._round = -1
        self._start = (0, 0.0)

    def seconds_left(self, job: Answer) -> float | None:
        """None while nothing can be said."""
        planned, done, seconds = job["progress"]["trials"]["planned"], finished(job), job["seconds"]
        if job["progress"]["round"] != self._round:
            self._round, self._start = job["progress"]["round"], (done, seconds)
        done_before, seconds_before = self._start
        if done == done_before:
            done_before, seconds_before = 0, 0.0
        if not planned or done == done_before or seconds <= seconds_before:
            return None
        pace = (seconds - seconds_before) / (done - done_before)
        return float(pace * max(0, planned - done))


def note(job: Answer, left: float | None) -> str:
    """Trials done, pruned, the best so far and the seconds left, in one line."""
    trials, rounds = job["progress"]["trials"], job["progress"]["rounds"]
    planned = f"/{trials['planned']}" if trials["planned"] else ""
    parts = [
        f"{finished(job)}{planned} trials ({trials['pruned']} pruned)",
        f"round {job['progress']['round']}/{rounds}",
        f"best {accuracy(job['best'])}",
    ]
    if left is not None and not ended(job):
        parts.append(f"about {_duration(left)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
