"""An audit finds nothing in an honest record, and one changed value in any row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hpsearch.auditing import Record, audit
from hpsearch.digest import seal_of
from hpsearch.history import Outcome, Trial
from hpsearch.spec.search import parse_spec
from tests.made_up_trainers import Simulation, valley

SPACE = {
    "learning_rate": {"low": 1e-4, "high": 10, "log": True},
    "weight_decay": {"low": 1e-6, "high": 0.1, "log": True},
}


def record(**changes: Any) -> Record:
    given = {"dataset": "digits", "network": "mlp", "cohort": 6, "budget": {"trials": 60}}
    spec = parse_spec({**given, "space": SPACE, "confirm": None, "seed": 5, **changes})
    simulation = Simulation(spec, valley, order=3)
    done = simulation.run()
    assert done is not None
    trials = simulation.history.trials
    seals = {trial.number: seal_of(trial) for trial in trials}
    return Record(spec, simulation.history, done.reason, True, seals)


@pytest.fixture(scope="module")
def honest() -> Record:
    return record()


VARIANTS: list[dict[str, Any]] = [
    {},
    {"sampler": "random", "pruner": "none"},
    {"sampler": "qmc", "pruner": "hyperband"},
    {"pruner": "median", "objective": "loss"},
    {"budget": {"epochs": 40}},
]


@pytest.mark.parametrize("changes", VARIANTS)
def test_an_honest_record(changes: dict[str, Any]) -> None:
    assert audit(record(**changes)) == []


def _with(record: Record, trial: Trial, sealed: bool) -> Record:
    """With another trial in its place; sealed: by somebody who knows how to."""
    trials = list(record.history.trials)
    trials[trial.number] = trial
    seals = {**record.seals, trial.number: seal_of(trial)} if sealed else record.seals
    return replace(record, history=replace(record.history, trials=tuple(trials)), seals=seals)


def _first(record: Record, outcome: Outcome) -> Trial:
    return next(t for t in record.history.trials if t.ending and t.ending.outcome is outcome)


CHANGES: dict[str, Callable[[Trial], Trial]] = {
    "params": lambda t: replace(t, params={**t.params, "learning_rate": 0.123}),
    "origin.seed": lambda t: replace(t, origin=replace(t.origin, seed=t.origin.seed + 1)),
    "origin.known": lambda t: replace(t, origin=replace(t.origin, known=t.origin.known + 1)),
    "ending.reason": lambda t: _ending(t, reason="because"),
    "ending.outcome": lambda t: _ending(t, outcome=Outcome.STUCK),
    "ending.value": lambda t: _ending(t, value=0.5),
}


def _ending(trial: Trial, **changes: Any) -> Trial:
    assert trial.ending is not None
    return replace(trial, ending=replace(trial.ending, **changes))


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed again", "seal broken"])
def test_a_changed_decision_is_named(honest: Record, name: str, sealed: bool) -> None:
    trial = _first(honest, Outcome.PRUNED)
    found = audit(_with(honest, CHANGES[name](trial), sealed))
    assert f"trial {trial.number}" in {finding.where for finding in found}


@pytest.mark.parametrize("field", ["value", "loss", "accuracy", "macro_f1", "step", "epoch"])
def test_a_changed_measurement_is_named(honest: Record, field: str) -> None:
    trial = _first(honest, Outcome.PRUNED)
    report = trial.reports[0]
    changed = replace(report, **{field: type(getattr(report, field))(getattr(report, field) + 1)})
    found = audit(_with(honest, replace(trial, reports=(changed, *trial.reports[1:])), False))
    assert found[0].where == f"trial {trial.number}"


def test_a_changed_round_is_named(honest: Record) -> None:
    rounds = list(honest.history.rounds)
    rounds[1] = replace(rounds[1], evidence=(0, 1))
    history = replace(honest.history, rounds=tuple(rounds))
    found = audit(replace(honest, history=history))
    assert str(found[0]).startswith("round 1: evidence is (0, 1), the plan says")


def test_a_missing_trial_and_another_end(honest: Record) -> None:
    trials = honest.history.trials
    history = replace(honest.history, trials=(*trials[:3], *trials[4:]))
    assert audit(replace(honest, history=history))[0].where == "trial 3"
    assert audit(replace(honest, stop_reason="budget: epochs"))[0].where == "the end"
    shorter = replace(honest.history, trials=trials[:54])
    assert audit(replace(honest, history=shorter))[0].where == "the end"
