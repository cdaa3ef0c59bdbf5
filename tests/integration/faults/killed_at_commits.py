"""Runs jobs in processes that die at their commits: `python -m … URL JOB=before|after|never …`.

Each process gets as far as its second commit that changes anything (`before`), or past its first
(`after`), so each commit of the job is died at once. Prints how many were killed over each job.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import threadpoolctl
from sqlalchemy import Connection, event

import hpsearch.runner.search_run as search_run
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.split import split_for
from hpsearch.runner.data_pool import DataPool
from hpsearch.runner.job_runner import JobRunner
from hpsearch.runner.ports import LegDone, LegResult
from hpsearch.runner.run_control import RunControl
from hpsearch.training.leg import LegTask, run_leg
from storage.database import Database
from storage.job_store import SqlJobStore
from tests.fakes import InlineEngine

CHANGES = ("INSERT", "UPDATE", "DELETE")


def main(url: str, *jobs: str) -> None:
    for words in jobs:
        job_id, moment = words.split("=")
        print(run(url, job_id, moment), flush=True)


def run(url: str, job_id: str, moment: str) -> int:
    """Run the job to its end; returns how many processes were killed over it."""
    kills = 0
    while True:
        child = os.fork()
        if child == 0:
            work(url, job_id, moment, 1 if kills == 0 or moment == "after" else 2)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0, "the job's process failed; see above"
            return kills
        kills += 1


def work(url: str, job_id: str, moment: str, fatal: int) -> None:
    """Run the job; die at the commit of that number, counted from 1 in this process.

    Every report is a commit of its own here, so that how many there are does not depend on time.
    """
    search_run.EARLY_INTERVAL = 0.0
    database = Database(url)
    if moment != "never":
        Reaper(moment, fatal).watch(database)
    store = SqlJobStore(database)
    job = store.job(job_id)
    if job.state.ended:
        return
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        source = Catalogue(Path(folder))
        parts = split_for(job.spec, source.load(job.spec.dataset.name))

        def train(task: LegTask) -> LegResult:
            return LegDone(run_leg(task, parts, None)[1])

        JobRunner(RunControl(job), store, DataPool(source), InlineEngine(train)).run()


class Reaper:
    """Kills its own process at a commit."""

    def __init__(self, moment: str, fatal: int) -> None:
        self._moment = moment
        self._fatal = fatal
        self._commits = 0
        self._changed = False

    def watch(self, database: Database) -> None:
        engine = database.backend.writer
        event.listen(engine, "after_cursor_execute", self._note)
        event.listen(engine, "commit", self._before)
        event.listen(engine, "checkin", self._after)

    def _note(self, connection: Connection, cursor: Any, statement: str, *others: Any) -> None:
        self._changed = self._changed or statement.startswith(CHANGES)

    def _before(self, connection: Connection) -> None:
        self._commits += self._changed
        if self._moment == "before":
            self._strike()

    def _after(self, *_: Any) -> None:
        if self._moment == "after":
            self._strike()

    def _strike(self) -> None:
        if self._changed and self._commits == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self._changed = False


if __name__ == "__main__":
    main(*sys.argv[1:])
