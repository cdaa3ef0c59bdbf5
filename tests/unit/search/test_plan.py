"""The plan: coarse to fine, and the same search whatever finishes first."""

from hpsearch.spec.search import parse_spec
from tests.simulator import Simulation, valley

SPEC = {"dataset": "digits", "network": "lenet5", "budget": {"trials": 40}}


def test_finds_the_good_region_and_ends() -> None:
    simulation = Simulation(parse_spec(SPEC), valley)

    done = simulation.run()

    assert done is not None
    assert done.reason == "budget: trials"
    assert len(simulation.history.trials) == 40
    assert (simulation.best().value or 0) > 0.9


def test_two_cohorts_are_in_flight_at_most() -> None:
    simulation = Simulation(parse_spec(SPEC), valley)
    simulation.run()
    assert simulation.most_in_flight == 2


def test_the_order_of_finishing_changes_nothing() -> None:
    histories = []
    for seed in range(4):
        simulation = Simulation(parse_spec(SPEC), valley, order=seed)
        simulation.run()
        histories.append(simulation.history)
    assert all(history == histories[0] for history in histories)
