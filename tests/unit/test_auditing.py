"""An audit finds nothing in an honest record, and one changed value in any row."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from hpsearch.auditing.audit import audit
from hpsearch.auditing.record import Record
from hpsearch.digest import seal_of, seal_of_confirmation
from hpsearch.history import Confirmation
from hpsearch.search.certificate import remaining
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.parts import Confirm
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Outcome, Report, Trial
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


def test_reports_that_nobody_decided_about_any_more_are_no_finding(honest: Record) -> None:
    pruned = next(t for t in honest.history.trials if t.ending and t.ending.value is not None)
    mates = [t for t in honest.history.trials if t.cohort == pruned.cohort]
    point = len(pruned.reports) - 1
    trials = list(honest.history.trials[: mates[-1].number + 1])
    cut = Ending(Outcome.CANCELLED, "cancelled by user")
    for mate in mates:
        if len(mate.reports) > point:
            kept = point + (mate is pruned)
            trials[mate.number] = replace(mate, reports=mate.reports[:kept], ending=cut)
    history = replace(honest.history, trials=tuple(trials))
    stopped = replace(honest, history=history, stop_reason="cancelled by user", seals={})
    assert audit(stopped) == []
    for mate in mates:
        if len(mate.reports) > point:
            trials[mate.number] = replace(mate, reports=mate.reports[: point + 1], ending=cut)
    history = replace(history, trials=tuple(trials))
    assert f"trial {pruned.number}" in {
        each.where for each in audit(replace(stopped, history=history))
    }


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


def _steered(*budgets: dict[str, Any], steps: int = 9) -> Record:
    """A search whose budget was changed after each `steps` steps, or once it had ended."""
    given = {"dataset": "digits", "network": "mlp", "cohort": 6, "space": SPACE, "confirm": None}
    specs = [parse_spec({**given, "budget": budget, "seed": 5}) for budget in budgets]
    simulation = Simulation(specs[0], valley)
    earlier = []
    for spec, after in pairwise(specs):
        simulation.run(steps)
        earlier.append(EarlierBudget(spec.budget, len(simulation.history.trials)))
        simulation.spec = after
    done = simulation.run()
    assert done is not None
    seals = {trial.number: seal_of(trial) for trial in simulation.history.trials}
    return Record(specs[-1], simulation.history, done.reason, True, seals, earlier)


@pytest.mark.parametrize(
    "budgets",
    [
        ({"trials": 24}, {"trials": 60}),
        ({"trials": 300}, {"trials": 40}),
        ({"trials": 12}, {"epochs": 60}, {"trials": 100, "epochs": 60}),
    ],
)
def test_a_changed_budget_is_no_finding(budgets: tuple[dict[str, Any], ...]) -> None:
    steered = _steered(*budgets)
    assert audit(steered) == []
    assert audit(replace(steered, earlier_budgets=())), "the audit must need the budgets"


def test_a_search_that_hears_of_another_budget_late() -> None:
    """The change is on record two cohorts before the first one that goes by it."""
    steered = _steered({"trials": 300}, {"trials": 60}, steps=18)
    (before,) = steered.earlier_budgets
    assert audit(replace(steered, earlier_budgets=[replace(before, until=before.until - 12)])) == []


def confirmed(record: Record, trials: int | None = None) -> Record:
    """With the certificate of its first trials, as if made-up trainings had confirmed them."""
    spec = record.spec.model_copy(update={"confirm": Confirm(top=2, repeats=2)})
    history = replace(record.history, trials=record.history.trials[:trials])
    while asked := remaining(spec, history):
        for each in asked:
            report = Report(300, 3.0, 0.9 - each.repeat / 100, 0.5, accuracy=0.9)
            found = Confirmation(
                each.stage, each.trial.number, each.repeat, 80, 20, 9, 0.1, 0.1, report
            )
            history = history.confirmed(replace(found, seal=seal_of_confirmation(found)))
    return replace(record, spec=spec, history=replace(history, trials=record.history.trials))


CONFIRMATION_CHANGES: dict[str, Any] = {
    "scored": 21, "guess": 0.2, "guessed_accuracy": 0.2, "problem": "none", "parameters": 10,
    "report": None, "seal": "0" * 64,
}  # fmt: skip


@pytest.mark.parametrize("field", CONFIRMATION_CHANGES)
def test_a_changed_confirmation_is_named(honest: Record, field: str) -> None:
    certified = confirmed(honest)
    assert audit(certified) == []
    first, *others = certified.history.confirmations
    changed = replace(first, **{field: CONFIRMATION_CHANGES[field]})
    history = replace(certified.history, confirmations=(changed, *others))
    assert f"confirmation of trial {first.trial} (repeat 0)" in {
        finding.where for finding in audit(replace(certified, history=history))
    }


def test_a_search_that_went_on_after_its_certificate() -> None:
    steered = _steered({"trials": 24}, {"trials": 60}, steps=1000)
    certified = confirmed(steered, 24)
    assert audit(certified) == []
    assert len(audit(replace(certified, earlier_budgets=()))) > 1
