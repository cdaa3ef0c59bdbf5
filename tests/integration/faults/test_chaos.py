"""`make chaos`, small: the audit passes, and would say so if it did not."""

from dataclasses import replace
from pathlib import Path

from benchmarks.chaos import Strikes, differences, fight, in_peace
from benchmarks.chaos_leaders import depose
from harness.postgres import PostgresServer
from harness.results import SPEC, Result

TRIALS = int(SPEC["budget"]["trials"])


def test_kills_in_search_and_certificate_change_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chaos.db'}"
    budget = {"trials": 8 * TRIALS}  # so that it lasts until all is struck
    spec = {**SPEC, "budget": budget, "confirm": {"top": 2, "repeats": 10}}
    peaceful = in_peace(tmp_path / "peace", spec)
    verdict = fight(tmp_path, url, spec, peaceful, Strikes(9, 1, 2), seed=1, settle=1)
    assert verdict.problems == ()
    assert verdict.toll.workers >= 10
    assert verdict.toll.servers == 2
    assert verdict.toll.in_certificate == 2


def test_a_leader_that_is_stopped_and_woken_changes_nothing(
    tmp_path: Path, postgres: PostgresServer, undisturbed: Result
) -> None:
    url = postgres.create()  # of its own: triggers are put on its tables
    verdict = depose(tmp_path, url, SPEC, undisturbed, times=1, seed=1)
    assert verdict.problems == ()
    assert len(verdict.takeovers) == 1
    assert verdict.written > 0


def test_the_audit_sees_what_is_lost_or_different(undisturbed: Result) -> None:
    lost = replace(undisturbed, trials=TRIALS - 1)
    other = replace(undisturbed, digest="0" * 64)
    assert list(differences(undisturbed, undisturbed, TRIALS)) == []
    assert "instead of" in next(differences(undisturbed, lost, TRIALS))
    assert "another result" in next(differences(undisturbed, other, TRIALS))
