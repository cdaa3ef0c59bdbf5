"""How busy workers could be: a clock that only legs move."""

import pytest

from benchmarks.feeding_bound import IdealWorkers
from hpsearch.spec.search import parse_spec

SPEC = parse_spec({"dataset": "digits", "network": "mlp", "cohort": 4, "budget": {"trials": 24}})


def leg(number: int, share: float) -> tuple[float, float]:
    """Even trials take twice as long, and later ones are better."""
    return (2.0 if number % 2 == 0 else 1.0), 0.2 + number / 100 + share / 10


def test_one_worker_is_never_idle() -> None:
    ideal = IdealWorkers(SPEC, 1, leg)
    assert ideal.share() == 1.0
    assert ideal.busy == ideal.now > 24


def test_more_workers_end_sooner_and_wait_for_each_other() -> None:
    alone, two, many = (IdealWorkers(SPEC, workers, leg) for workers in (1, 2, 16))
    shares = [each.share() for each in (alone, two, many)]
    assert shares == sorted(shares, reverse=True)
    assert alone.now > two.now > many.now
    assert [each.busy for each in (two, many)] == pytest.approx([alone.busy] * 2)
    assert shares[2] < 0.6  # two cohorts of four keep eight of them busy at most
