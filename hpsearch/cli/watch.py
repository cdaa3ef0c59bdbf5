"""A job's progress, live on a terminal, or as plain lines where output is no terminal."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from hpsearch.cli.live_table import ROWS, live_table
from hpsearch.cli.output import out
from hpsearch.cli.tables import accuracy, finished
from hpsearch.client import Client, path_of
from hpsearch.errors import ServiceError

POLL_INTERVAL = 0.5  # seconds
LINE_INTERVAL = 5.0  # seconds between plain lines
PATIENCE = 300.0  # seconds
TRY_AGAIN = (None, 429, 502, 503, 504)  # no answer, or a status that passes

COMPLETED, NOT_COMPLETED, WITHOUT_BEST = 0, 1, 3
"""Exit codes by how a job ended; 2 is every other fault."""

Answer = Mapping[str, Any]
Asked = TypeVar("Asked")


def exit_code(job: Answer) -> int:
    """What a command that waited for this job ends with."""
    if job["state"] != "completed":
        return NOT_COMPLETED
    return COMPLETED if job["best"] else WITHOUT_BEST


def console_of(as_json: bool) -> Console:
    """Where progress is shown: beside the result if that is for a program."""
    return Console(stderr=True, markup=False, emoji=False) if as_json else out


class Watcher:
    """Shows a job each time it is told of it."""

    def __init__(
        self,
        out: Console,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        """patience: seconds without an answer after which it gives up."""
        self._out = out
        self._clock = clock
        self._patience = patience
        self.sleep = sleep
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"),
            console=out,
        )  # fmt: skip
        self._live = Live(self._bar, console=out)
        self._task = self._bar.add_task("waiting", total=None, note="")
        self._pace = Pace()
        self._last_line = ""
        self._next_line = 0.0

    def __enter__(self) -> Self:
        if self.live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.update(self._bar)  # the result has a table of its own
        self._live.stop()

    @property
    def live(self) -> bool:
        """Whether it can show trials as they change."""
        return self._out.is_terminal

    def show(self, job: Answer, trials: Sequence[Answer] = ()) -> None:
        """trials: those that lead, the best first; shown on a terminal."""
        if trials:
            curves = self._out.encoding.startswith("utf")
            self._live.update(Group(self._bar, live_table(trials, curves)), refresh=True)
        text = note(job, self._pace.seconds_left(job))
        planned, done = job["progress"]["trials"]["planned"], finished(job)
        self._bar.update(self._task, description=job["state"], total=planned, completed=done)
        self._say(job["state"], text, at_once=ended(job))

    def outlast(self, ask: Callable[[], Asked]) -> Asked:
        """What `ask` answers, however often the server must be asked.

        Says meanwhile that it waits. Raises ServiceError once its patience is over, or at once if
        the answer will be the same next time.
        """
        began, said = self._clock(), False
        while True:
            try:
                return ask()
            except ServiceError as error:
                if error.status not in TRY_AGAIN or self._clock() - began >= self._patience:
                    raise
                self._say("waiting", f"{error}; trying again", at_once=not said)
                said = True
                self.sleep(POLL_INTERVAL)

    def _say(self, state: str, text: str, at_once: bool) -> None:
        """On a terminal in place of what was there, else as a line if it is time for one."""
        if self._out.is_terminal:
            self._bar.update(self._task, description=state, note=text)
            return
        line = f"{state}: {text}"
        if line != self._last_line and (self._clock() >= self._next_line or at_once):
            self._out.print(line, highlight=False, soft_wrap=True)
            self._last_line, self._next_line = line, self._clock() + LINE_INTERVAL


def watch_until_end(client: Client, job_id: str, watcher: Watcher) -> Answer:
    """Show the job until it has ended; answers it as it ended.

    A server that has answered once may be away for a while, as when it is started again.
    """
    job = client.job(job_id)
    while True:
        watcher.show(job, leading(client, job_id) if watcher.live else ())
        if ended(job):
            return job
        watcher.sleep(POLL_INTERVAL)
        job = watcher.outlast(lambda: client.job(job_id))


def leading(client: Client, job_id: str) -> list[Answer]:
    """The trials that lead now, with their curves; none where the server does not say."""
    try:
        found = client.get(f"{path_of(job_id)}/trials", order="value", limit=ROWS)
    except ServiceError:
        return []  # whoever asks for the job itself says so
    items: list[Answer] = found["items"]
    return items


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
