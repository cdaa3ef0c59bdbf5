"""A server in this process: real storage on SQLite, and a runner that runs nothing."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from starlette.testclient import TestClient

from hpsearch.datasets.values import Split
from hpsearch.errors import EngineUnavailable
from hpsearch.history import Cohort, Round
from hpsearch.jobs import JobState
from hpsearch.spec.space import FloatParameter
from hpsearch.training.timing import Probe, Timing
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial
from storage.database import Database
from storage.job_store import SqlJobStore
from tests.fakes import timed_at_once

SMALLEST = {"dataset": "digits", "network": "lenet5"}
NAN = float("nan")


class IdleEngine:
    """Workers that time at once, train nothing and take no data."""

    def workers(self) -> int:
        return 2

    def lost(self) -> bool:
        return False

    def time(self, probe: Probe) -> Future[Timing]:
        return timed_at_once(probe)

    def load(self, split: Split) -> Any:
        raise EngineUnavailable("these workers train nothing")


@dataclass
class IdleRunner:
    """Notes what it is told; `problem` is what it says of itself."""

    problem: str | None = None
    pokes: int = 0
    calls: list[str] = field(default_factory=list)
    unattended: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        self.calls.append("start")

    def poke(self) -> None:
        self.pokes += 1

    def stop(self, timeout: float) -> None:
        self.calls.append(f"stop {timeout:g}")

    def engine(self) -> Any:
        return IdleEngine()

    def status(self) -> Any:
        return SimpleNamespace(
            leader=True, workers=2, running=(), problem=self.problem, unattended=self.unattended
        )


class IdleWorkers:
    """Two legs train, three wait, one worker went away."""

    def legs_in_flight(self) -> int:
        return 2

    def legs_waiting(self) -> int:
        return 3

    def worker_losses(self) -> int:
        return 1


@dataclass
class ServerInProcess:
    """A server with all its parts in reach."""

    client: TestClient
    runner: IdleRunner
    database: Database

    def submit(self, **fields: object) -> dict[str, Any]:
        answer = self.client.post("/api/v1/jobs", json={**SMALLEST, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def run_a_little(self, job_id: str) -> None:
        """Let one cohort run: trial 0 completes, 1 is pruned, 2 diverges, 3 still runs."""
        records = SqlJobStore(self.database)
        records.start(job_id, {"numpy": "2"})
        ranges = {"learning_rate": FloatParameter(low=1e-3, high=1e3, log=True)}
        ranges["weight_decay"] = ranges["learning_rate"]
        origin = Origin("sampler", "tpe", 2**60 + 1, 0)
        trials = tuple(
            Trial(number, 0, 0, {"learning_rate": 10.0**-number, "weight_decay": 0.5}, origin)
            for number in range(4)
        )
        first = Round(0, ranges, {}, (), "the whole box", 1.0, (0.5, 1.0), ("look lower",))
        records.open_cohort(job_id, Cohort(0, first, trials, opens=True), 0.0)
        reports = {n: Report(50, 0.5, 0.9 - n / 10, 0.3) for n in (0, 1, 3)}
        cut = Ending(Outcome.PRUNED, "below the median", 50, 0.8, 0.85, 6)
        diverged = Ending(Outcome.DIVERGED, "diverged at iteration 7", 50, NAN, iteration=7)
        reports[2] = Report(50, 0.5, NAN, NAN)
        records.record(job_id, reports, {1: cut, 2: diverged}, 1.5)
        done = Ending(Outcome.COMPLETED, "trained to the end", 100, 0.95)
        records.record(job_id, {0: Report(100, 1.0, 0.95, 0.2)}, {0: done}, 2.5)

    def end(self, job_id: str) -> None:
        SqlJobStore(self.database).end(job_id, JobState.COMPLETED, "budget: trials", 3.0)
