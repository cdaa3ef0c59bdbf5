"""What the plan takes of earlier jobs: what can be compared, and is evidence."""

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from hpsearch.history import Cohort, DataHashes, EarlierJob, History
from hpsearch.search.plan import plan
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Ending, Outcome, Report, Trial
from tests.made_up_trainers import Score, Simulation
from tests.unit.search.plans import BASELINE, searched, spec_of


def earlier(spec: SearchSpec, job: str = "before") -> EarlierJob:
    return EarlierJob(job, spec, searched(spec).history.trials)


def test_a_warm_start_narrows_the_first_round() -> None:
    prior = earlier(spec_of())
    planned = plan(spec_of(), History(prior=(prior,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    rate = planned.round.ranges["learning_rate"]
    assert planned.round.reason.startswith("earlier jobs:")
    assert 1e-3 < rate.low < 0.2 < rate.high < 1e3  # type: ignore[union-attr]  # a float range


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"dataset": "mnist"}, "the data set mnist"),
        ({"dataset": {"name": "digits", "train_size": 500}}, "another split of the data"),
        ({"validation": {"fraction": 0.3}}, "another split of the data"),
        ({"seed": 1}, "another split of the data"),
        ({"network": "mlp"}, "another network"),
        ({"batch_size": 50}, "another batch_size"),
        ({"epochs": 30, "schedule": "cosine"}, "another schedule"),
        ({"objective": "macro_f1"}, "no value"),
    ],
)
def test_what_cannot_be_compared_is_left_out_and_named(
    change: dict[str, Any], difference: str
) -> None:
    other = spec_of(**change)
    old = replace(earlier(spec_of()), spec=other)
    if difference == "no value":
        old = replace(old, trials=tuple(without_scores(trial) for trial in old.trials))
    planned = plan(spec_of(), History(prior=(old,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    assert planned.round.ranges == spec_of().space
    assert planned.round.reason.startswith("the whole box; left out: ")
    assert re.search(rf"\d+ of before \({difference}", planned.round.reason)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (DataHashes("a", "b"), None),
        (None, None),  # from before it was recorded
        (DataHashes("z", "b"), "another data set of the same name"),
        (DataHashes("a", "z"), "another split of the data"),
    ],
)
def test_the_data_itself_is_compared_not_its_name(
    theirs: DataHashes | None, words: str | None
) -> None:
    old = replace(earlier(spec_of()), data=theirs)
    history = History(prior=(old,), baseline=BASELINE, data=DataHashes("a", "b"))
    planned = plan(spec_of(), history)
    assert isinstance(planned, Cohort)
    if words is None:
        assert planned.round.reason.startswith("earlier jobs: drawn around")
    else:
        assert f"40 of before ({words})" in planned.round.reason


def without_scores(trial: Trial) -> Trial:
    """As version 0.1 recorded it."""
    reports = (
        Report(each.step, each.epoch, each.value, each.loss)
        for each in trial.reports
        if math.isfinite(each.value)
    )
    ending = Ending(Outcome.PRUNED, "pruned")
    return replace(trial, reports=tuple(reports), ending=ending)


def test_another_objective_is_compared_where_it_was_recorded() -> None:
    prior = earlier(spec_of(objective="loss"))
    planned = plan(spec_of(), History(prior=(prior,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    assert planned.round.reason.startswith("earlier jobs: drawn around")
    assert "(accuracy 0." in planned.round.reason


def test_earlier_trials_at_chance_are_no_evidence() -> None:
    """One trial of accuracy 0.087 once narrowed a learning rate of 0.01 to 0.02 to 0.0124."""
    space = {"learning_rate": {"low": 0.01, "high": 0.02, "log": True}}
    spec = spec_of(space=space, weight_decay=0.0)
    chance = Simulation(spec, lambda _params, _number, _epoch: Score(0.087, 2.3, 2.3, 2.3))
    chance.run(1)
    prior = EarlierJob("before", spec, chance.history.trials)
    planned = plan(spec, History(prior=(prior,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    assert planned.round.ranges == spec.space
    assert "no trial is better than a guess" in planned.round.reason


def test_three_good_earlier_trials_are_too_few_to_narrow_by() -> None:
    whole = earlier(spec_of())
    best = sorted(whole.trials, key=lambda t: -(t.value or 0))[:3]
    prior = replace(whole, trials=tuple(sorted(best, key=lambda t: t.number)))
    planned = plan(spec_of(), History(prior=(prior,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    assert planned.round.ranges == spec_of().space
    assert "too few to narrow by" in planned.round.reason


def test_earlier_trials_count_at_this_jobs_report_points_alone() -> None:
    """An earlier job that trained ten times longer is compared where both report."""
    longer = earlier(spec_of(epochs=30))
    planned = plan(spec_of(epochs=7.5), History(prior=(longer,), baseline=BASELINE))
    assert isinstance(planned, Cohort)
    assert "no value at a report point of this job" in planned.round.reason or (
        "compared after" in planned.round.reason
    )
