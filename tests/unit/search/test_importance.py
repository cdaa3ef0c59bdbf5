"""Which parameters matter, and what is said of a search."""

import random

from hpsearch.history import Ending, Origin, Outcome, Report, Trial
from hpsearch.jobs import PruningErrors
from hpsearch.search.health import health
from hpsearch.search.importance import importance
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import FloatParameter

SPACE = {name: FloatParameter(low=1e-3, high=1e3, log=True) for name in ("matters", "idle")}
ORIGIN = Origin("sampler", "random", 1, 0)


def trials(count: int, lost: int = 0) -> list[Trial]:
    """The lower `matters`, the better; the last `lost` of them diverged."""
    draw = random.Random(3)  # noqa: S311 - not for secrets
    found = []
    for number in range(count):
        places = draw.uniform(-3, 3), draw.uniform(-3, 3)
        value = 0.9 - (places[0] + 3) / 10
        outcome = Outcome.DIVERGED if number >= count - lost else Outcome.COMPLETED
        params = {"matters": 10 ** places[0], "idle": 10 ** places[1]}
        report = Report(100, 1.0, value, 0.3)
        found.append(Trial(number, 0, 0, params, ORIGIN, (report,), Ending(outcome, "")))
    return found


def test_the_parameter_that_matters_comes_first() -> None:
    shares = importance(SPACE, trials(80), Objective.ACCURACY)
    assert list(shares) == ["matters", "idle"]
    assert shares["matters"] > 0.8
    assert abs(sum(shares.values()) - 1) < 1e-9


def test_too_few_trials_say_nothing() -> None:
    assert set(importance(SPACE, trials(3), Objective.ACCURACY).values()) == {0.5}
    assert importance({}, [], Objective.ACCURACY) == {}


def test_an_edge_waste_and_noise_are_said() -> None:
    found = trials(200, lost=100)
    shares = {"matters": 0.98, "idle": 0.02}
    said = " ".join(health(SPACE, found, Objective.ACCURACY, shares, 100))
    assert "lower end of matters" in said
    assert "100 of 200 trials diverged" in said
    assert "idle makes no difference" in said
    assert "within noise" in said


def test_a_search_without_trials_is_healthy() -> None:
    assert health(SPACE, [], Objective.LOSS, {}, None) == []
    assert health(SPACE, [], Objective.LOSS, {}, None, PruningErrors(0, 0, 0)) == []


def test_what_a_control_group_says_of_the_pruner_is_told() -> None:
    errors = PruningErrors(20, 3, 1, 0.05, 0.36)
    [said] = health(SPACE, [], Objective.LOSS, {}, None, errors)
    assert "would have cut 20 trials" in said
    assert "3 of them ended in the better half (5% to 36% with 95 % confidence), 1 above" in said
