"""Each sampler proposes what Optuna's own sampler proposes in the same situation."""

import math

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from hpsearch.search.curves import Curve
from hpsearch.search.distributions import distribution
from hpsearch.search.points import Key, key_of
from hpsearch.search.sampling import Knowledge, Params, Seeds, propose, seeds_of
from hpsearch.search.scale import fits
from hpsearch.spec.parts import Sampler
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    as_number,
)

SPACE = parse_spec(
    {
        "dataset": "digits",
        "space": {
            "learning_rate": {"low": 1e-3, "high": 10, "log": True},
            "momentum": {"low": 0.5, "high": 0.9375, "step": 0.0625},
            "batch_size": {"type": "int", "low": 16, "high": 128, "step": 16},
            "hidden_units": {"type": "int", "low": 10, "high": 200, "log": True},
            "optimizer": {"choices": ["sgd", "momentum", "adam"]},
        },
    }
).space
SEEDS = Seeds(even=3, sampler=4, explore=5)
NOTHING = Knowledge()


def distributions() -> dict[str, BaseDistribution]:
    return {name: distribution(parameter) for name, parameter in SPACE.items()}


def quality(params: Params) -> float:
    return 1 / (1 + abs(math.log10(as_number(params["learning_rate"]))))


def native_history(count: int) -> optuna.Study:
    """A study as Optuna's user has it: some trials complete, some pruned, some diverged."""
    native = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=1))
    for number in range(count):
        trial = native.ask(distributions())
        value = quality(trial.params)
        if number % 5 == 1:
            trial.report(math.nan, 1)
            native.tell(trial, state=TrialState.PRUNED)
        elif number % 5 == 2:
            trial.report(value / 2, 40)
            native.tell(trial, state=TrialState.PRUNED)
        else:
            trial.report(value / 2, 40)
            trial.report(value, 100)
            native.tell(trial, value)
    return native


def as_curves(native: optuna.Study) -> list[Curve]:
    return [
        Curve(
            trial.number,
            trial.params,
            {s: v for s, v in trial.intermediate_values.items() if math.isfinite(v)},
            1 if 1 in trial.intermediate_values else None,
        )
        for trial in native.trials
    ]


@pytest.mark.parametrize("count", [15, 30, 60])
def test_tpe(count: int) -> None:
    native = native_history(count)
    native.sampler = TPESampler(seed=SEEDS.sampler)
    knowledge = Knowledge(as_curves(native))

    proposal = propose(Sampler(name="tpe"), SPACE, 8, SEEDS, knowledge)

    assert proposal.points == [native.ask(distributions()).params for _ in range(8)]


def test_tpe_knows_what_is_in_training() -> None:
    native = native_history(30)
    knowledge = Knowledge(as_curves(native))
    pending = [native.ask(distributions()).params for _ in range(4)]
    native.sampler = TPESampler(seed=SEEDS.sampler)

    proposal = propose(Sampler(name="tpe"), SPACE, 8, SEEDS, Knowledge(knowledge.finished, pending))

    assert proposal.points == [native.ask(distributions()).params for _ in range(8)]
    assert proposal.points != propose(Sampler(name="tpe"), SPACE, 8, SEEDS, knowledge).points


def test_gp() -> None:
    pytest.importorskip("torch", reason="the gp sampler needs PyTorch: pip install hpsearch[gp]")
    native = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=1))
    for _ in range(12):
        trial = native.ask(distributions())
        trial.report(quality(trial.params), 100)
        native.tell(trial, quality(trial.params))
    native.sampler = GPSampler(seed=SEEDS.sampler)

    proposal = propose(Sampler(name="gp"), SPACE, 2, SEEDS, Knowledge(as_curves(native)))

    assert proposal.points == [native.ask(distributions()).params for _ in range(2)]


def test_random() -> None:
    native = optuna.create_study(sampler=RandomSampler(seed=SEEDS.sampler))
    proposal = propose(Sampler(name="random"), SPACE, 8, SEEDS, NOTHING)
    assert proposal.points == [native.ask(distributions()).params for _ in range(8)]


# QMCSampler is marked experimental in Optuna 5; here it is only the reference.
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_qmc() -> None:
    """Optuna draws its first point at random, to learn the space; the sequence comes after it."""
    native = optuna.create_study(sampler=QMCSampler(seed=SEEDS.even, scramble=True))
    expected = [native.ask(distributions()).params for _ in range(17)][1:]
    first = propose(Sampler(name="qmc"), SPACE, 5, SEEDS, NOTHING)
    later = propose(Sampler(name="qmc"), SPACE, 11, SEEDS, Knowledge(evenly=5))
    assert [*first.points, *later.points] == expected


def test_tpe_starts_with_an_even_spread() -> None:
    knowledge = Knowledge(as_curves(native_history(9)))
    proposal = propose(Sampler(name="tpe"), SPACE, 8, SEEDS, knowledge)
    assert proposal.sampler == "qmc"
    assert proposal.points == propose(Sampler(name="qmc"), SPACE, 8, SEEDS, NOTHING).points


def test_trials_outside_the_ranges_are_not_seen() -> None:
    narrow: dict[str, Parameter] = dict(SPACE)
    narrow["learning_rate"] = SPACE["learning_rate"].model_copy(update={"low": 0.1, "high": 1.0})
    everything = as_curves(native_history(60))
    inside = [each for each in everything if fits(narrow, each.params)]
    assert 10 <= len(inside) < len(everything)
    assert propose(Sampler(), narrow, 4, SEEDS, Knowledge(everything)) == propose(
        Sampler(), narrow, 4, SEEDS, Knowledge(inside)
    )


def test_seeds_differ() -> None:
    drawn = {seeds_of(job, r, c).sampler for job in range(5) for r in range(3) for c in range(20)}
    assert len(drawn) == 300
    assert seeds_of(1, 2, 3) == seeds_of(1, 2, 3)


@settings(max_examples=30)
@given(
    choices=st.integers(1, 3),
    low=st.integers(1, 50),
    width=st.integers(0, 50),
    name=st.sampled_from(["tpe", "random", "qmc"]),
    known=st.integers(0, 20),
)
def test_never_outside(choices: int, low: int, width: int, name: str, known: int) -> None:
    space = parse_spec(
        {
            "dataset": "digits",
            "space": {
                "optimizer": {"choices": ["momentum", "sgd", "adam"][:choices]},
                "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["momentum"]}},
                "hidden_units": {"type": "int", "low": low, "high": low + width, "log": True},
            },
        }
    ).space
    sampler = Sampler.model_validate({"name": name})
    history = [
        Curve(number, params, {40: number / 40})
        for number, params in enumerate(
            propose(Sampler(name="qmc"), space, known, SEEDS, NOTHING).points
        )
    ]
    for params in propose(sampler, space, 6, SEEDS, Knowledge(history)).points:
        assert fits(space, params)


def test_points_of_a_small_space_are_not_repeated() -> None:
    space = {"batch_size": SPACE["batch_size"], "optimizer": SPACE["optimizer"]}
    tried: set[Key] = set()
    points: list[Params] = []
    for cohort in range(4):
        proposal = propose(
            Sampler(name="random"), space, 5, seeds_of(0, 0, cohort), Knowledge(tried=tried)
        )
        tried |= {key_of(params) for params in proposal.points}
        points += proposal.points
    assert len({tuple(params.items()) for params in points}) == 20


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_steps_are_decimal_and_the_last_is_reached(sampler: str) -> None:
    """Under warnings as errors: Optuna warns of a range that whole steps do not fill."""
    space: dict[str, Parameter] = {
        "dropout": FloatParameter(low=0.1, high=0.3, step=0.1),
        "momentum": FloatParameter(low=0, high=0.95, step=0.3),
        "rho": FloatParameter(low=0.1, high=0.2, step=1e-10),
        "batch_size": IntParameter(low=10, high=105, step=20),
        "clip_norm": CategoricalParameter(choices=[None, 1.0, 5.0]),
    }
    found: list[Params] = []
    curves: list[Curve] = []
    for cohort in range(12):
        seeds = seeds_of(0, 0, cohort)
        knowledge = Knowledge(curves, evenly=len(found))
        points = propose(
            Sampler.model_validate({"name": sampler}), space, 8, seeds, knowledge
        ).points
        for point in points:
            curves.append(Curve(len(found), point, {100: 1 / (1 + len(found))}, None))
            found.append(point)
    assert {point["dropout"] for point in found} == {0.1, 0.2, 0.3}
    assert {point["momentum"] for point in found} == {0.0, 0.3, 0.6, 0.9}
    assert {point["batch_size"] for point in found} == {10, 30, 50, 70, 90}
    assert {point["clip_norm"] for point in found} == {None, 1.0, 5.0}
    assert all(len(repr(point["rho"])) <= 12 for point in found)
    assert all(fits(space, point) for point in found)
