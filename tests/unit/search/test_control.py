"""The control group: who is in it, what its trials say at their end, and what that shows."""

from dataclasses import replace
from typing import Any

import pytest

from hpsearch.auditing.audit import audit
from hpsearch.auditing.record import Record
from hpsearch.history import History
from hpsearch.jobs import PruningErrors
from hpsearch.search import control
from hpsearch.search.control import Completed, pruning_errors
from hpsearch.search.pruning import LegFacts, decide
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.trial import Outcome, Trial
from tests.made_up_trainers import Simulation, valley


def spec_of(share: float, **changes: Any) -> SearchSpec:
    return parse_spec(
        {
            "dataset": "digits",
            "network": "lenet5",
            "budget": {"trials": 60},
            "pruner": {"name": "median", "control": share},
            **changes,
        }
    )


def searched(share: float, **changes: Any) -> History:
    simulation = Simulation(spec_of(share, **changes), valley)
    simulation.run()
    return simulation.history


def spared(history: History) -> list[Trial]:
    return [
        trial
        for trial in history.trials
        if trial.ending is not None
        and trial.ending.outcome is Outcome.COMPLETED
        and trial.ending.bar is not None
    ]


def test_none_by_default() -> None:
    spec = parse_spec({"dataset": "digits", "network": "lenet5"})
    assert not any(control.takes(spec, number) for number in range(1000))
    assert not spared(searched(0.0))


def test_a_share_of_the_trials_by_seed() -> None:
    taken = [control.takes(spec_of(0.3), number) for number in range(2000)]
    assert 0.26 < sum(taken) / 2000 < 0.34
    others = [control.takes(spec_of(0.3, seed=1), number) for number in range(2000)]
    assert taken != others
    wider = [control.takes(spec_of(0.6), number) for number in range(2000)]
    assert all(later for earlier, later in zip(taken, wider, strict=True) if earlier)


def test_with_all_in_it_nothing_weak_is_cut() -> None:
    history = searched(1.0)
    outcomes = {trial.ending.outcome for trial in history.trials if trial.ending}
    assert Outcome.PRUNED not in outcomes
    assert len(spared(history)) > 5


@pytest.mark.parametrize("name", ["median", "percentile", "successive_halving", "hyperband"])
def test_the_end_says_where_it_would_have_been_cut(name: str) -> None:
    """And it is where the trial is cut if it alone is not in the control group."""
    history = searched(1.0, pruner={"name": name, "control": 1.0})
    without = spec_of(0.0, pruner={"name": name})
    assert spared(history)
    for trial in spared(history):
        assert trial.ending is not None
        for position, report in enumerate(trial.reports):
            before = tuple(
                replace(each, reports=each.reports[:position], ending=None)
                if each.cohort == trial.cohort
                else each
                for each in history.trials
            )
            reports = {
                each.number: each.reports[position]
                for each in history.trials
                if each.cohort == trial.cohort and len(each.reports) > position
            }
            facts = {number: LegFacts(2.3, 1.0) for number in reports}
            endings = decide(without, replace(history, trials=before), trial.cohort, reports, facts)
            if trial.number in endings:
                cut = endings[trial.number]
                assert cut.step == report.step < trial.reports[-1].step
                assert trial.ending.reason.endswith(f"otherwise {cut.reason}")
                assert (trial.ending.bar, trial.ending.compared) == (cut.bar, cut.compared)
                break
        else:
            pytest.fail(f"trial {trial.number} would never have been cut")


def test_an_audit_computes_it_again() -> None:
    history = searched(0.5)
    record = Record(spec_of(0.5), history, "budget: trials", True, {})
    assert not [each for each in audit(record) if "trial" in each.where]
    liar = spared(history)[0]
    assert liar.ending is not None
    changed = replace(liar, ending=replace(liar.ending, bar=0.123))
    trials = tuple(changed if each is liar else each for each in history.trials)
    found = audit(replace(record, history=replace(history, trials=trials)))
    assert any(each.where == f"trial {liar.number}" for each in found)


def test_errors_are_counted_round_by_round() -> None:
    through = [Completed(1, value, False) for value in (0.5, 0.6, 0.7)]
    saved = [Completed(1, value, True) for value in (0.4, 0.65, 0.8)]
    alone = [Completed(2, 0.9, True)]
    found = pruning_errors([*through, *saved, *alone])
    assert (found.spared, found.in_error, found.above_best) == (3, 2, 1)
    assert found.share == pytest.approx(2 / 3)
    assert found.low == pytest.approx(0.2077, abs=1e-4)  # Wilson's interval of 2 in 3
    assert found.high == pytest.approx(0.9385, abs=1e-4)
    assert pruning_errors(alone) == PruningErrors(0, 0, 0)
