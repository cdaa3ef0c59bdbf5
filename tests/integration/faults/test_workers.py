"""Worker processes die, hang and come back; the result is the undisturbed one."""

import os
import signal
from pathlib import Path

import psutil

from harness.results import SPEC, Result, result_of
from harness.service import MakeService, wait_until
from hpsearch.trial import Outcome


def test_kills_again_and_again_and_all_at_once(
    make_service: MakeService, undisturbed: Result
) -> None:
    with make_service() as service:
        service.wait_until_leading()
        job = service.submit(SPEC)
        for ended in (1, 5, 9):
            service.wait_for_trials(job, ended)
            wait_until(lambda: bool(service.workers()), 30, "a worker in place of the killed one")
            service.workers()[0].kill()
        service.wait_for_trials(job, 13)
        for worker in service.workers():
            worker.kill()
        service.wait_for_trials(job, 17)
        for process in service.started.group():
            if process.pid != service.started.pid:
                process.kill()  # what workers are forked from, too
        service.wait_for_end(job)
        assert result_of(service.database_url, job) == undisturbed


def test_a_leg_that_kills_every_worker_or_is_lied_about_ends_its_trial_alone(
    make_service: MakeService,
) -> None:
    """The poison is a module that Python loads at start; it works in the workers only."""
    poisoned, lied_about = 5, 6
    environment = {
        "PYTHONPATH": str(Path(__file__).parent / "poison"),
        "POISONED_TRIAL": str(poisoned),
        "LIED_ABOUT_TRIAL": str(lied_about),
    }
    with make_service(environment=environment) as service:
        job = service.submit(SPEC)
        answer = service.wait_for_end(job)
        result = result_of(service.database_url, job)
        trial, lied = (
            service.http.get(f"/api/v1/jobs/{job}/trials/{number}").json()
            for number in (poisoned, lied_about)
        )
    assert answer["state"] == "completed"
    assert result.trials == SPEC["budget"]["trials"]
    assert result.outcomes[None] == 0
    assert result.outcomes[Outcome.WORKER_LOST] == 2
    assert trial["state"] == "fail"
    assert trial["stop_reason"].startswith("worker lost")
    assert lied["state"] == "fail"
    assert "a worker's answer was refused: seconds: " in lied["stop_reason"]


def test_a_worker_that_wakes_up_late_changes_nothing(
    make_service: MakeService, undisturbed: Result
) -> None:
    silence = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "3s"}
    with make_service(environment=silence) as service:
        service.wait_until_leading()
        job = service.submit(SPEC)
        service.wait_for_trials(job, 4)
        sleeper = service.workers()[0]
        os.kill(sleeper.pid, signal.SIGSTOP)
        service.wait_for_end(job)
        wake(sleeper)
        wait_until(lambda: len(service.workers()) == 2, 30, "two workers again")
        assert result_of(service.database_url, job) == undisturbed


def wake(process: psutil.Process) -> None:
    if process.is_running():
        os.kill(process.pid, signal.SIGCONT)
