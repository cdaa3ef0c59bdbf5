"""Reports are recorded before their whole cohort has come, which changes no decision."""

import math
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.service import wait_until
from hpsearch.runner import search_run
from hpsearch.runner.ports import LegDone, LegResult
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegReport, LegTask
from hpsearch.trial import Report
from tests.fakes import MemoryStore
from tests.unit.runner.made_up_job import STEPS_PER_EPOCH, digest_of, made_up, run, spec_of

TRAINS = TrainingSettings(learning_rate=0.1)


def test_a_report_is_recorded_before_its_cohort_has_come() -> None:
    store = MemoryStore()
    store.add(spec_of(cohort=4, budget={"trials": 4}))
    first = threading.Event()
    seen: list[int] = []

    def reported() -> int:
        return sum(bool(trial.reports) for trial in store.histories["job"].trials)

    def answer(task: LegTask) -> LegResult:
        if first.is_set():
            wait_until(lambda: reported() > 0, 10, "a report")
            seen.append(reported())
        first.set()
        return made_up(task)

    run(store, answer)
    assert seen[0] == 1


def test_how_often_reports_are_recorded_early_changes_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor one of the control group, which looks back at all its reports but the last."""

    def apart_at_the_end(task: LegTask) -> LegResult:
        ends = task.stop_step == task.total_steps
        value = 0.5 + 0.05 * task.trial if ends else 0.5
        epoch = task.stop_step / STEPS_PER_EPOCH
        return LegDone(LegReport(task.stop_step, epoch, value, 1, 1, 2.3, None, 0, False))

    found = []
    for interval in (math.inf, 0.0):
        monkeypatch.setattr(search_run, "EARLY_INTERVAL", interval)
        store = MemoryStore()
        control = {"name": "median", "control": 1.0}
        store.add(spec_of(rounds={"count": 1}, pruner=control, budget={"trials": 8}))
        run(store, apart_at_the_end)
        found.append(digest_of(store))
    assert found[0] == found[1]


def test_early_each_report_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_run, "EARLY_INTERVAL", 0.0)
    store = MemoryStore()
    store.add(spec_of(rounds={"count": 1}, pruner="none", budget={"trials": 8}))
    sizes: list[int] = []
    record = store.record

    def watched(job_id: str, reports: Mapping[int, Report], endings: Any, seconds: float) -> None:
        sizes.append(len(reports))
        record(job_id, reports, endings, seconds)

    monkeypatch.setattr(store, "record", watched)
    run(store, lambda task: made_up(replace(task, training=TRAINS)))
    assert sizes == 4 * [*7 * [1], 8]  # then all of them, with the decision
