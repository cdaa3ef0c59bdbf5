"""Equal digests mean equal results; any bit of a result changes the digest."""

from dataclasses import replace

import pytest

from hpsearch.digest import digest, seal_of
from hpsearch.history import Confirmation, DataHashes, History, Stage
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial

DEFAULTS_OF_0_1 = {
    "confirm": None,
    "rules": 1,
    "pruner": {"name": "median", "percentile": 50.0},
    "rounds": {"keep": 0.2},
}
SPEC = parse_spec({"dataset": "digits", **DEFAULTS_OF_0_1})
TRIAL = Trial(
    number=0,
    round=0,
    cohort=0,
    params={"learning_rate": 0.1, "weight_decay": 0.001},
    origin=Origin("sampler", "tpe", 1, 0),
    reports=(Report(40, 0.4, 0.5, 1.25), Report(100, 0.7, float("nan"), float("nan"))),
    ending=Ending(Outcome.DIVERGED, "diverged at iteration 17", 100, iteration=17),
)
HISTORY = History(trials=(TRIAL,))


def of(trial: Trial) -> str:
    return digest(SPEC, History(trials=(trial,)), "budget: trials")


def test_it_is_a_sha_256_and_the_same_each_time() -> None:
    assert of(TRIAL) == of(TRIAL)
    assert len(of(TRIAL)) == 64


@pytest.mark.parametrize(
    "changed",
    [
        replace(TRIAL, params={**TRIAL.params, "learning_rate": 0.1 + 2**-56}),
        replace(TRIAL, reports=(replace(TRIAL.reports[0], value=0.5 + 2**-53), TRIAL.reports[1])),
        replace(TRIAL, reports=(replace(TRIAL.reports[0], loss=1.25 + 2**-52), TRIAL.reports[1])),
        replace(TRIAL, reports=TRIAL.reports[:1]),
        replace(TRIAL, reports=(replace(TRIAL.reports[0], accuracy=0.5), TRIAL.reports[1])),
        replace(TRIAL, ending=Ending(Outcome.DIVERGED, "diverged at iteration 18")),
        replace(TRIAL, ending=None),
    ],
)
def test_any_difference_of_a_trial_shows(changed: Trial) -> None:
    assert of(changed) != of(TRIAL)


def test_the_objective_shows() -> None:
    other = parse_spec({"dataset": "digits", "objective": "loss"})
    assert digest(other, HISTORY, None) != digest(SPEC, HISTORY, None)


def test_why_the_search_ended_and_its_spec_show() -> None:
    assert digest(SPEC, HISTORY, "target reached") != digest(SPEC, HISTORY, "budget: trials")
    other = parse_spec({"dataset": "digits", "seed": 1})
    assert digest(other, HISTORY, None) != digest(SPEC, HISTORY, None)


def test_the_name_of_a_job_does_not_show() -> None:
    named = parse_spec({"dataset": "digits", "name": "second try", **DEFAULTS_OF_0_1})
    assert digest(named, HISTORY, None) == digest(SPEC, HISTORY, None)


def test_jobs_of_version_0_1_keep_their_digests() -> None:
    """Made by that version; what later ones added to specs and reports is left out if unused."""
    assert of(TRIAL) == "407a78281996f25a6b05afbe61eae7a22f0c54eba511dbb0d14a7f345236c5a9"
    spec = parse_spec(
        {
            "dataset": "mnist",
            "network": "lenet5",
            **DEFAULTS_OF_0_1,
            "pruner": {"name": "threshold", "lower": 0.5, "percentile": 50.0},
            "budget": {"epochs": 9},
            "space": {
                "optimizer": {"choices": ["sgd", "momentum"]},
                "momentum": {
                    "low": 0.5,
                    "high": 0.9,
                    "step": 0.1,
                    "when": {"optimizer": ["momentum"]},
                },
                "batch_size": {"type": "int", "low": 16, "high": 64, "step": 16},
            },
        }
    )
    assert digest(spec, HISTORY, None) == (
        "8fb1738688c1f5f6a4499d2673458e86e9ab5a1f00b69e14758131aeaddbb98f"
    )


def test_other_data_and_other_weights_give_other_digests() -> None:
    data = [DataHashes("a", "s"), DataHashes("b", "s"), DataHashes("a", "t"), None]
    assert len({digest(SPEC, HISTORY, None, each) for each in data}) == 4
    weighed = [replace(TRIAL, reports=(replace(TRIAL.reports[0], weights=w),)) for w in "ab"]
    assert len({of(trial) for trial in weighed}) == 2


def test_a_training_accuracy_shows_and_so_does_the_wish_for_it() -> None:
    measured = replace(TRIAL, reports=(replace(TRIAL.reports[0], training_accuracy=0.5),))
    other = replace(TRIAL, reports=(replace(TRIAL.reports[0], training_accuracy=0.25),))
    plain = replace(TRIAL, reports=TRIAL.reports[:1])
    assert len({of(trial) for trial in (measured, other, plain)}) == 3
    assert len({seal_of(trial) for trial in (measured, other, plain)}) == 3
    asked = parse_spec({"dataset": "digits", **DEFAULTS_OF_0_1, "training_accuracy": True})
    assert digest(asked, HISTORY, None) != digest(SPEC, HISTORY, None)


def test_the_certificate_is_part_of_it() -> None:
    report = Report(300, 3.0, 0.5, 1.25, weights="w")
    one = Confirmation(Stage.REPEAT, 0, 0, 80, 20, 100, 0.1, 0.1, report)
    others = [
        one,
        replace(one, repeat=1),
        replace(one, report=replace(report, loss=1.5)),
        replace(one, report=None, problem="worker lost"),
    ]
    digests = {digest(SPEC, HISTORY.confirmed(each), None) for each in others}
    assert len({digest(SPEC, HISTORY, None), *digests}) == 5
