"""What it costs to record a trial: our storage beside plain Optuna RDBStorage, in one run.

A trial is begun, reports three times and ends; nothing is trained. Ours does it as the dispatcher
does, eight trials side by side; Optuna as its users write it (ask, two suggestions, three reports,
tell; a random sampler, as sampling is not what is measured), on SQLite as it comes and once more
with a write-ahead log. First our job is filled. Then all take turns, trial by trial, so that
whatever else the machine does is the same for all: each around its trial 100 in a file of its own,
and each at the end of the full job; Optuna goes on in a copy of our file, which to it is a study of
its own.

    python -m benchmarks.bookkeeping [--quick] [--trials N] [--json FILE]
"""

import argparse
import json
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import event

from hpsearch.history import Cohort, Round
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial
from storage.database import Database
from storage.job_store import SqlJobStore
from storage.user_jobs import Jobs
from storage.user_trials import Trials

COHORT = 8
REPORTS = (20, 40, 300)  # hundredths of an epoch
EARLY = 100  # the trial around which the early cost is measured
SPEC = parse_spec({"dataset": "digits", "network": "lenet5"})
COMPLETED = Ending(Outcome.COMPLETED, "trained to the end", step=300)
PLAIN, CAREFUL = "Optuna, as it comes", "Optuna, write-ahead log"
PRAGMAS = {PLAIN: (), CAREFUL: ("journal_mode = WAL", "synchronous = NORMAL")}


@dataclass(frozen=True)
class Row:
    """One contender. early_ms, late_ms: a trial's cost around trial 100 and in the full job."""

    contender: str
    early_ms: float
    late_ms: float


def main() -> None:
    arguments = _arguments()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    turns = 20 if arguments.quick else 80
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        full = opened.enter_context(_ours(folder / "full.db", arguments.trials))
        new = opened.enter_context(_ours(folder / "new.db", EARLY - turns // 2))
        steps: dict[tuple[str, bool], Callable[[], float]] = {
            ("hpsearch", False): new.step,
            ("hpsearch", True): full.step,
        }
        for contender, pragmas in PRAGMAS.items():
            for late in (False, True):
                path = folder / f"{contender}-{late}.db"
                if late:
                    _copy(folder / "full.db", path)
                study = opened.enter_context(_study(path, pragmas))
                steps[contender, late] = partial(_ask_and_tell, study)
        for _ in range(EARLY - turns // 2):
            steps[PLAIN, False](), steps[CAREFUL, False]()
        costs = {which: 1000 * cost for which, cost in _take_turns(steps, turns).items()}
        rows = [Row(c, costs[c, False], costs[c, True]) for c in ("hpsearch", PLAIN, CAREFUL)]
        reading = full.reading()
    _print(rows, reading, arguments.trials, full.filled_per_second)
    if arguments.json:
        _write(arguments.json, rows, reading, arguments.trials, full.filled_per_second)


def _take_turns(
    steps: Mapping[tuple[str, bool], Callable[[], float]], turns: int
) -> dict[tuple[str, bool], float]:
    """The median cost of each, in seconds."""
    costs: dict[tuple[str, bool], list[float]] = {which: [] for which in steps}
    for _ in range(turns):
        for which, step in steps.items():
            costs[which].append(step())
    return {which: statistics.median(all_costs) for which, all_costs in costs.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what it costs to record a trial")
    parser.add_argument("--quick", action="store_true", help="1,000 trials, fewer of Optuna's")
    parser.add_argument("--trials", type=int, help="trials of the job (10,000)")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    arguments = parser.parse_args()
    arguments.trials = arguments.trials or (1000 if arguments.quick else 10_000)
    return arguments


class _Ours:
    """A job in a file of its own."""

    def __init__(self, path: Path, filled: int) -> None:
        self.database = Database(f"sqlite:///{path}")
        self.database.initialise()
        self.records = SqlJobStore(self.database)
        self.job, _ = Jobs(self.database).create(SPEC)
        self.records.start(self.job.id, {})
        self.cohorts = 0
        seconds = sum(self.step() * COHORT for _ in range(filled // COHORT))
        self.filled_per_second = self.cohorts * COHORT / seconds

    def step(self) -> float:
        """Record a whole cohort as the dispatcher does; returns seconds a trial."""
        index, self.cohorts = self.cohorts, self.cohorts + 1
        round_ = Round(0, SPEC.space, SPEC.space, (), "the whole box", 3.0, (0.2, 0.4, 3.0))
        trials = tuple(_trial(index * COHORT + place, index) for place in range(COHORT))
        start = time.perf_counter()
        self.records.open_cohort(self.job.id, Cohort(index, round_, trials, index == 0), 1.0)
        for step in REPORTS:
            reports = {t.number: Report(step, step / 100, 0.1 + step / 400, 0.5) for t in trials}
            endings = {t.number: COMPLETED for t in trials} if step == REPORTS[-1] else {}
            self.records.record(self.job.id, reports, endings, 1.0)
        return (time.perf_counter() - start) / COHORT

    def reading(self) -> dict[str, float]:
        """Milliseconds of what reads the job."""
        jobs, trials = Jobs(self.database), Trials(self.database)
        calls: dict[str, Callable[[], object]] = {
            "history": lambda: self.records.history(self.job.id),
            "look": lambda: jobs.look(self.job.id),
            "best": lambda: trials.best(self.job.id, 10),
            "page of 50": lambda: trials.page(self.job.id, "value", 50),
        }
        return {what: 1000 * min(_time(call) for _ in range(3)) for what, call in calls.items()}


@contextmanager
def _ours(path: Path, filled: int) -> Iterator[_Ours]:
    ours = _Ours(path, filled)
    try:
        yield ours
    finally:
        ours.database.close()


def _trial(number: int, cohort: int) -> Trial:
    params = {"learning_rate": 0.01 + number * 1e-5, "weight_decay": 0.001 + number * 1e-5}
    return Trial(number, 0, cohort, params, Origin("sampler", "tpe", number, number))


def _copy(path: Path, target: Path) -> None:
    """A copy that Optuna finds as its own files are: without a write-ahead log."""
    with closing(sqlite3.connect(path)) as ours, closing(sqlite3.connect(target)) as copy:
        ours.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _study(path: Path, pragmas: tuple[str, ...]) -> Iterator[optuna.Study]:
    storage = RDBStorage(f"sqlite:///{path}")

    @event.listens_for(storage.engine, "connect")
    def open_with(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    storage.engine.dispose()  # so that connections opened before have the pragmas too
    known = optuna.get_all_study_names(storage)
    study = optuna.create_study(
        storage=storage,
        study_name=known[0] if known else "plain",
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.NopPruner(),
    )
    yield study
    storage.remove_session()
    storage.engine.dispose()


def _ask_and_tell(study: optuna.Study) -> float:
    start = time.perf_counter()
    trial = study.ask()
    trial.suggest_float("learning_rate", 1e-3, 1e3, log=True)
    trial.suggest_float("weight_decay", 1e-3, 1e3, log=True)
    for step in REPORTS:
        trial.report(0.1 + step / 400, step)
    study.tell(trial, 0.85)
    return time.perf_counter() - start


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _print(rows: list[Row], reading: dict[str, float], trials: int, per_second: float) -> None:
    ours = rows[0]
    print(
        f"{'ms a trial':26}{f'at {EARLY}':>10}{f'at {trials}':>10}{'growth':>8}{'times ours':>12}"
    )
    for row in rows:
        print(
            f"{row.contender:26}{row.early_ms:10.2f}{row.late_ms:10.2f}"
            f"{row.late_ms / row.early_ms:8.2f}{row.early_ms / ours.early_ms:12.1f}"
        )
    print(f"\nhpsearch recorded {trials} trials at {per_second:.0f} trials/s")
    times = ", ".join(f"{what} {milliseconds:.0f} ms" for what, milliseconds in reading.items())
    print(f"reading a job of {trials} trials: {times}")


def _write(
    path: Path, rows: list[Row], reading: dict[str, float], trials: int, per_second: float
) -> None:
    content = {
        "rows": [asdict(row) for row in rows],
        "trials": trials,
        "trials_per_second": per_second,
        "reading_ms": reading,
        "python": platform.python_version(),
        "optuna": optuna.__version__,
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
