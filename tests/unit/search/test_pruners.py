"""Each pruner decides as Optuna's own pruner does in the same situation."""

import math
from collections.abc import Mapping, Sequence

import optuna
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from hpsearch.search.pruners import Rival, TrialAtReport, missed
from hpsearch.spec.parts import Pruner

STEPS = (40, 100, 200, 300)
Values = Mapping[int, float]

accuracies = st.integers(0, 20).map(lambda twentieths: twentieths / 20)


@st.composite
def curves(draw: st.DrawFn, least: int = 1) -> Values:
    """A curve that reaches some step of the ladder."""
    length = draw(st.integers(least, len(STEPS)))
    return {step: draw(accuracies) for step in STEPS[:length]}


situations = st.tuples(curves(), st.lists(curves(), max_size=12), st.integers(0, 40))


def native_study(rivals: Sequence[Values], pruner: BasePruner) -> optuna.Study:
    study = optuna.create_study(study_name="hpsearch", direction="maximize", pruner=pruner)
    for values in rivals:
        study.add_trial(complete(values))
    return study


def complete(values: Values) -> FrozenTrial:
    last = values[max(values)]
    return create_trial(value=last, intermediate_values=dict(values))


def native(rivals: Sequence[Values], own: Values, pruner: BasePruner) -> bool:
    """Optuna's decision about a trial with these values, beside complete ones."""
    study = native_study(rivals, pruner)
    trial = create_trial(state=TrialState.RUNNING, intermediate_values=dict(own))
    return pruner.prune(study, trial)


def ours(rivals: Sequence[Values], own: Values, pruner: Pruner, number: int = 99) -> bool:
    known = [Rival(i, values) for i, values in enumerate(rivals)]
    standing = TrialAtReport(number, max(own), own, known, STEPS[0], STEPS[-1])
    return missed(pruner, standing) is not None


def reached(rivals: Sequence[Values], own: Values) -> list[Values]:
    """The rivals that came as far: ours counts start-up trials where it compares."""
    return [values for values in rivals if max(own) in values]


@settings(deadline=None)
@given(situations, st.integers(0, 6), st.sampled_from([0.0, 0.4, 1.5]))
@example(({40: 0.5}, [{40: 0.6}, {40: 0.4}], 0), 0, 0.0)
def test_median(situation: tuple[Values, list[Values], int], startup: int, warm_up: float) -> None:
    own, rivals, _ = situation
    there = reached(rivals, own)
    chosen = Pruner(name="median", startup_trials=startup, warm_up=warm_up)
    expected = native(there, own, MedianPruner(startup, round(100 * warm_up)))
    assert ours(rivals, own, chosen) == expected


@settings(deadline=None)
@given(situations, st.floats(1, 99))
def test_percentile(situation: tuple[Values, list[Values], int], percentile: float) -> None:
    own, rivals, _ = situation
    chosen = Pruner(name="percentile", percentile=percentile, startup_trials=3, warm_up=0)
    expected = native(reached(rivals, own), own, PercentilePruner(percentile, 3))
    assert ours(rivals, own, chosen) == expected


@settings(deadline=None)
@given(situations, accuracies, st.sampled_from([0.0, 0.4, 1.5]))
def test_threshold(
    situation: tuple[Values, list[Values], int], lower: float, warm_up: float
) -> None:
    own, rivals, _ = situation
    chosen = Pruner(name="threshold", lower=lower, warm_up=warm_up)
    expected = native(
        rivals, own, ThresholdPruner(lower=lower, n_warmup_steps=round(100 * warm_up))
    )
    assert ours(rivals, own, chosen) == expected


# PatientPruner is marked experimental in Optuna 5; here it is only the reference.
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@settings(deadline=None)
@given(situations, st.integers(1, 3))
def test_patience(situation: tuple[Values, list[Values], int], patience: int) -> None:
    own, rivals, _ = situation
    chosen = Pruner(name="median", startup_trials=1, patience=patience, warm_up=0)
    expected = native(reached(rivals, own), own, PatientPruner(MedianPruner(1), patience))
    assert ours(rivals, own, chosen) == expected


@pytest.mark.parametrize("name", ["successive_halving", "hyperband"])
@settings(deadline=None)
@given(rivals=st.lists(curves(), max_size=12), own=curves(), factor=st.integers(2, 5))
def test_halving(name: str, rivals: list[Values], own: Values, factor: int) -> None:
    """Optuna keeps rungs in the trials, so it is led through every report of every trial.

    Its pruner cuts a rival where ours has one that went on: a rival's rungs are then what it had
    reported when it was cut, so the rivals are given to ours as far as Optuna let them come.
    """
    study = native_study([], halving(name, factor))
    known = []
    for number, values in enumerate(rivals):
        known.append(Rival(number, lead(study, values)))
    number = len(known)
    trial = study.ask()
    chosen = Pruner.model_validate({"name": name, "reduction_factor": factor})
    for step in sorted(own):
        so_far = {each: value for each, value in own.items() if each <= step}
        trial.report(own[step], step)
        expected = trial.should_prune()
        standing = TrialAtReport(number, step, so_far, known, STEPS[0], STEPS[-1])
        assert (missed(chosen, standing) is not None) == expected
        if expected:
            break


def halving(name: str, factor: int) -> BasePruner:
    if name == "hyperband":
        return HyperbandPruner(STEPS[0], STEPS[-1], factor)
    return SuccessiveHalvingPruner(min_resource=STEPS[0], reduction_factor=factor)


def lead(study: optuna.Study, values: Values) -> Values:
    """Report values until the pruner cuts or they end; what was reported."""
    trial = study.ask()
    told: dict[int, float] = {}
    for step, value in values.items():
        trial.report(value, step)
        told[step] = value
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return told
    study.tell(trial, values[max(values)])
    return told


def test_none_never_cuts() -> None:
    assert not ours([{40: 0.9}] * 10, {40: 0.0}, Pruner(name="none"))


def test_a_miss_says_what_was_missed() -> None:
    rivals = [Rival(i, {40: 0.9, 100: 0.2 * i}) for i in range(5)]
    miss = missed(
        Pruner(name="median"), TrialAtReport(9, 100, {40: 0.2, 100: 0.3}, rivals, 40, 300)
    )
    assert miss is not None
    assert (miss.value, miss.bar, miss.what, miss.compared) == (0.3, 0.4, "the median", 5)
    assert math.isfinite(miss.bar)


def test_by_default_a_third_of_the_training_is_left_alone() -> None:
    rivals = [dict.fromkeys(STEPS, 0.9)] * 9
    assert not ours(rivals, {40: 0.2}, Pruner())
    assert ours(rivals, {40: 0.2, 100: 0.2}, Pruner())
