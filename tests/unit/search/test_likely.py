"""The likely best: an estimate from all trials, not the luckiest value."""

import math

import numpy as np
import pytest

from hpsearch.search.likely import Likely, likely_best
from hpsearch.search.smooth import Smooth
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial

SPACE = parse_spec({"dataset": "digits", "weight_decay": 0.0}).space
ORIGIN = Origin("sampler", "tpe", 0, 0)


def trial(
    number: int, rate: float, *values: float, outcome: Outcome | None = Outcome.PRUNED
) -> Trial:
    """One that reported these values after 0.4, 1, 2 and 3 epochs."""
    points = zip((40, 100, 200, 300), values, strict=False)
    reports = tuple(Report(step, step / 100, value, 1 - value) for step, value in points)
    if len(reports) == 4:
        outcome = Outcome.COMPLETED
    ending = None if outcome is None else Ending(outcome, "", reports[-1].step if reports else 40)
    return Trial(number, 0, 0, {"learning_rate": rate}, ORIGIN, reports, ending)


def best(*trials: Trial, objective: Objective = Objective.ACCURACY) -> Likely | None:
    return likely_best(SPACE, trials, objective)


def complete(number: int, rate: float, value: float) -> Trial:
    return trial(number, rate, value - 0.3, value - 0.2, value - 0.1, value)


def test_nothing_is_known_before_the_first_report() -> None:
    assert best() is None
    assert best(trial(0, 0.1, outcome=None), trial(1, 9.0, outcome=Outcome.DIVERGED)) is None


def test_the_best_value_as_long_as_little_is_known() -> None:
    found = best(trial(0, 0.1, 0.4, outcome=None), trial(1, 1.0, 0.5, outcome=None))
    assert found == Likely(1, 0.4, 0.5, None, None, 2)


def test_a_lucky_value_among_bad_ones_is_not_believed() -> None:
    """Three of four neighbours of the highest value diverged or failed."""
    good = [complete(n, 0.05 * 1.2**n, 0.93 + 0.002 * (n % 3)) for n in range(8)]
    edge = [complete(8 + n, 0.8 * 1.02**n, 0.3 + 0.1 * n) for n in range(4)]
    lost = [trial(12 + n, 0.85 * 1.02**n, outcome=Outcome.DIVERGED) for n in range(3)]
    lucky = complete(15, 0.84, 0.955)
    found = best(*good, *edge, *lost, lucky)
    assert found is not None
    assert found.trial < 8
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.estimate < found.high
    assert best(*good, lucky) != found


def test_how_badly_others_failed_hardly_matters() -> None:
    """Ten times as far below the best is not ten times the evidence."""
    good = [complete(n, 0.05 * 1.2**n, 0.93 + 0.002 * (n % 3)) for n in range(8)]
    bad = [complete(8 + n, 1.2**n, 0.7) for n in range(4)]
    worse = [complete(8 + n, 1.2**n, 0.1) for n in range(4)]
    found, also = best(*good, *bad), best(*good, *worse)
    assert found is not None
    assert also is not None
    assert found.trial == also.trial
    assert found.estimate == pytest.approx(also.estimate, abs=0.002)


def test_an_estimate_is_on_the_scale_of_the_values() -> None:
    """Also where it is far below the best value, which is alone."""
    low = [complete(n, 0.01 * 1.05**n, 0.5 + 0.01 * (n % 2)) for n in range(30)]
    edge = [complete(30 + n, 50.0 * 1.02**n, 0.1) for n in range(6)]
    found = best(*low, *edge, complete(36, 51.0, 0.9))
    assert found is not None
    assert found.trial < 30
    assert found.estimate == pytest.approx(0.505, abs=0.02)


def test_only_those_that_came_furthest_are_recommended() -> None:
    short = [trial(n, 0.1 * 1.1**n, 0.95) for n in range(5)]
    long = [complete(5 + n, 1.0 * 1.1**n, 0.8) for n in range(3)]
    found = best(*short, *long)
    assert found is not None
    assert found.epoch == 3
    assert found.trial >= 5


def test_a_loss_is_made_small() -> None:
    trials = [complete(n, 10.0 ** (n - 4), 0.2 + 0.1 * n) for n in range(7)]
    found = best(*trials, objective=Objective.LOSS)
    assert found is not None
    assert found.trial == 0
    assert found.low is not None
    assert found.high is not None
    assert found.high < found.estimate < found.low


def test_what_died_with_its_worker_says_nothing() -> None:
    trials = [complete(n, 0.1 * 1.3**n, 0.8 + 0.01 * n) for n in range(6)]
    lost = trial(6, 0.5, 0.9, outcome=Outcome.WORKER_LOST)
    assert best(*trials, lost) == best(*trials)


def test_long_searches_are_looked_at_in_part() -> None:
    trials = [complete(n, 10 ** (-3 + 6 * ((n * 0.618) % 1)), 0.5) for n in range(1000)]
    trials[17] = complete(17, 0.1, 0.9)
    found = best(*trials)
    assert found is not None
    assert found.compared == 200


def test_the_surface_is_the_textbooks() -> None:
    """The same as solving the normal equations (Rasmussen and Williams 2006, 2.25 and 2.26)."""
    generator = np.random.default_rng(0)
    points, values = generator.random((12, 2)), generator.normal(size=12)
    at = np.zeros(12, np.intp)
    surface = Smooth.through(points, at, values, parameters=2)
    new = generator.random((3, 2))

    def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        ratio = math.sqrt(5) / surface.reach * np.linalg.norm(first[:, None] - second, axis=-1)
        return np.asarray((1 + ratio + ratio**2 / 3) * np.exp(-ratio))

    noisy = np.linalg.inv(alike(points, points) + (surface.luck + 1e-8) * np.eye(12))
    means, deviations = surface.at(new, 0)
    expected = values.mean() + alike(new, points) @ noisy @ (values - values.mean())
    variances = 1 - np.diag(alike(new, points) @ noisy @ alike(points, new))
    assert means == pytest.approx(expected)
    assert deviations == pytest.approx(surface.height * np.sqrt(variances))
