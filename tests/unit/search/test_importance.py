"""Which parameters matter, and what is said of a search."""

import random
from dataclasses import replace

import optuna
import pytest
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

from hpsearch.jobs import PruningErrors
from hpsearch.search.distributions import distribution
from hpsearch.search.health import health
from hpsearch.search.importance import BEST_SHARE, MOST, importance
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, FloatParameter, Parameter, Value
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial

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


def test_it_is_what_optuna_says_of_complete_trials() -> None:
    found = trials(200)
    distributions = {name: distribution(parameter) for name, parameter in SPACE.items()}
    study = optuna.create_study(direction="maximize")
    for each in found:
        params = dict(each.params)
        study.add_trial(create_trial(value=each.value, params=params, distributions=distributions))
    theirs = PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE).evaluate(study)
    total = sum(theirs.values())
    expected = {name: share / total for name, share in theirs.items()}
    assert importance(SPACE, found, Objective.ACCURACY) == pytest.approx(expected)


def test_where_trials_diverge_matters_too() -> None:
    """All complete trials are alike: what is known is where they diverged."""
    found = []
    for each in trials(120):
        diverged = float(str(each.params["matters"])) > 1
        outcome = Outcome.DIVERGED if diverged else Outcome.COMPLETED
        report = Report(100, 1.0, 0.5, 0.3)
        found.append(replace(each, reports=(report,), ending=Ending(outcome, "")))
    shares = importance(SPACE, found, Objective.ACCURACY)
    assert shares["matters"] > 0.8


def test_a_parameter_that_only_some_trials_have_matters_among_those() -> None:
    """`momentum` comes with the better optimizer, and the more of it the better."""
    space: dict[str, Parameter] = {
        "optimizer": CategoricalParameter(choices=["sgd", "momentum"]),
        "momentum": FloatParameter(low=0.0, high=1.0, when={"optimizer": ["momentum"]}),
        "idle": FloatParameter(low=0.0, high=1.0),
    }
    draw, found = random.Random(5), []  # noqa: S311 - not for secrets
    for each in trials(120):
        params: dict[str, Value] = {"optimizer": "sgd", "idle": draw.random()}
        value = 0.4
        if each.number % 2:
            place = draw.random()
            params |= {"optimizer": "momentum", "momentum": place}
            value = 0.5 + place / 10
        report = Report(100, 1.0, value, 0.3)
        found.append(replace(each, params=params, reports=(report,)))
    shares = importance(space, found, Objective.ACCURACY)
    assert [*shares] == ["momentum", "optimizer", "idle"]
    assert shares["idle"] < 0.05


@pytest.mark.parametrize("having", [0, 1, 2, 118, 119, 120])
def test_a_parameter_that_hardly_any_trial_has_or_lacks_is_no_fault(having: int) -> None:
    found = [
        replace(each, params={name: each.params[name] for name in names})
        for each in trials(120)
        for names in [("matters", "idle") if each.number < having else ("matters",)]
    ]
    shares = importance(SPACE, found, Objective.ACCURACY)
    assert shares["matters"] > 0.5
    assert abs(sum(shares.values()) - 1) < 1e-9


def test_what_the_space_does_not_have_is_passed_over() -> None:
    found = [
        replace(
            each, params={**each.params, "gone": 1.0, "idle": -5.0 if each.number == 7 else 1.0}
        )
        for each in trials(60)
    ]
    assert importance(SPACE, found, Objective.ACCURACY)["matters"] > 0.8


def test_of_many_trials_an_even_part_says_the_same() -> None:
    every = importance(SPACE, trials(MOST), Objective.ACCURACY)
    assert importance(SPACE, trials(4 * MOST), Objective.ACCURACY) == pytest.approx(every, abs=0.02)


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
