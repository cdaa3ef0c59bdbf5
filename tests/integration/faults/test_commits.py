"""A process is killed at every commit of a job, just before it and just after it, once each."""

import subprocess
import sys
from pathlib import Path

from harness.results import result_of
from hpsearch.spec.search import parse_spec
from storage.database import Database
from storage.user_jobs import Jobs

ROOT = Path(__file__).parents[3]
TRIALS = 6
COMMITS = 5  # at the least: a start, two cohorts, a step, an end
SPEC = {
    "dataset": "digits",
    "network": "mlp",
    "epochs": 0.6,
    "cohort": 3,
    "budget": {"trials": TRIALS},
    "seed": 3,
}


def test_killed_at_every_commit_it_comes_to_the_same(database_url: str) -> None:
    database = Database(database_url)
    calm, before, after = (Jobs(database).create(parse_spec(SPEC))[0].id for _ in range(3))
    database.close()
    jobs = [f"{calm}=never", f"{before}=before", f"{after}=after"]
    words = [
        sys.executable,
        "-m",
        "tests.integration.faults.killed_at_commits",
        database_url,
        *jobs,
    ]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    kills = [int(line) for line in done.stdout.splitlines()]

    assert kills[0] == 0
    assert kills[1] == kills[2] > COMMITS
    undisturbed = result_of(database_url, calm)
    assert (undisturbed.state, undisturbed.trials) == ("completed", TRIALS)
    assert result_of(database_url, before) == undisturbed
    assert result_of(database_url, after) == undisturbed
