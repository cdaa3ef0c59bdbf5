"""Searches for tests of the plan, over a made-up surface with one valley."""

from typing import Any

from hpsearch.baseline import Baseline
from hpsearch.history import History
from hpsearch.spec.search import SearchSpec, parse_spec
from tests.made_up_trainers import Simulation, valley

BASELINE = Baseline.balanced(10, 1500)


def spec_of(**changes: Any) -> SearchSpec:
    return parse_spec({"dataset": "digits", "network": "lenet5", **changes})


def searched(spec: SearchSpec, order: int = 0, history: History | None = None) -> Simulation:
    simulation = Simulation(spec, valley, order, history or History(baseline=BASELINE))
    simulation.run()
    return simulation
