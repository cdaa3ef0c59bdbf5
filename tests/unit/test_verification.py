"""A trial that is trained again is held against its record, to the bit."""

from dataclasses import replace

import pytest

from hpsearch.datasets.split import split_for
from hpsearch.datasets.values import Split
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.training.leg import TrainState, run_leg
from hpsearch.training.tasks import leg_task
from hpsearch.trial import Report
from hpsearch.verification import sample, verify
from tests.fakes import small_dataset

SPEC = parse_spec({"dataset": "small", "network": "mlp", "batch_size": 20, "epochs": 2})
GOOD = {"learning_rate": 0.1, "weight_decay": 0.001}
DIVERGING = {"learning_rate": 900.0, "weight_decay": 900.0}


@pytest.fixture(scope="module")
def data() -> Split:
    return split_for(SPEC, small_dataset())


def recorded(
    spec: SearchSpec, data: Split, params: dict[str, float], steps: list[int]
) -> list[Report]:
    reports, state = [], None
    for step in steps:
        task = leg_task(spec, params, 3, step / 100, len(data.training))
        after: TrainState | None
        after, leg = run_leg(task, data, state)
        diverged_after = None if leg.diverged_at is None else leg.epoch
        reports.append(
            Report.at(step / 100, leg.scores, spec.objective, diverged_after, leg.weights)
        )
        if after is None:
            break
        state = after
    return reports


@pytest.mark.parametrize("params", [GOOD, DIVERGING])
def test_an_honest_record_comes_out_the_same(data: Split, params: dict[str, float]) -> None:
    reports = recorded(SPEC, data, params, [50, 100, 200])
    verdict = verify(SPEC, data, 3, params, reports)
    assert verdict.same
    assert verdict.reports == len(reports)


def test_a_record_that_is_off_by_one_bit_is_found(data: Split) -> None:
    reports = recorded(SPEC, data, GOOD, [50, 100])
    bent = [reports[0], replace(reports[1], loss=reports[1].loss * (1 + 2**-52))]
    verdict = verify(SPEC, data, 3, GOOD, bent)
    assert not verdict.same
    assert verdict.recorded == bent[1]
    assert verdict.trained == reports[1]


def test_another_trial_s_record_is_found(data: Split) -> None:
    reports = recorded(SPEC, data, GOOD, [50])
    assert not verify(SPEC, data, 4, GOOD, reports).same


def test_a_sample_is_drawn_once_and_for_all() -> None:
    numbers = list(range(10, 30))
    assert sample(numbers, 5, seed=1) == sample(numbers, 5, seed=1)
    assert len(set(sample(numbers, 5, seed=1))) == 5
    assert sample(numbers, 100, seed=1) == numbers


def test_other_weights_of_the_same_scores_are_found(data: Split) -> None:
    reports = recorded(SPEC, data, GOOD, [50])
    bent = [replace(reports[0], weights="0" * 64)]
    assert not verify(SPEC, data, 3, GOOD, bent).same
    unknown = [replace(reports[0], weights=None)]
    assert verify(SPEC, data, 3, GOOD, unknown).same
