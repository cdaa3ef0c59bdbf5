"""A job that could not run is refused before it is stored, and the field is named."""

from types import SimpleNamespace

import pytest

from hpsearch.admission import admit
from hpsearch.datasets.source import Fetching as DatasetProgress
from hpsearch.errors import InvalidSpec
from hpsearch.estimate import estimate
from hpsearch.spec.search import parse_spec
from tests.fakes import MemorySource

SOURCE = MemorySource()


def problems(**fields: object) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as raised:
        admit(parse_spec({"dataset": "small", "network": "mlp", **fields}), SOURCE)
    return {problem.field: problem.message for problem in raised.value.problems}


def test_a_good_job_is_admitted() -> None:
    admit(parse_spec({"dataset": "small", "network": "lenet5"}), SOURCE)


def test_an_unknown_data_set() -> None:
    assert "there are: small" in problems(dataset="mnist")["dataset.name"]


def test_more_images_than_there_are() -> None:
    found = problems(dataset={"name": "small", "train_size": 201})
    assert "200 training images" in found["dataset.train_size"]


def test_a_layer_that_cannot_take_what_arrives() -> None:
    layers = [{"type": "convolution", "filters": 2, "kernel_size": 9}]
    found = problems(network={"layers": layers})["network"]
    assert "layer 1 (convolution" in found.lower()
    assert "1 × 8 × 8" in found


def test_a_searched_number_that_makes_a_layer_impossible() -> None:
    layers = [{"type": "convolution", "filters": 2, "kernel_size": 3}]
    space = {"layers.0.kernel_size": {"type": "int", "low": 3, "high": 9}}
    assert "space.layers.0.kernel_size" in problems(network={"layers": layers}, space=space)


def test_a_budget_too_small_for_one_trial() -> None:
    found = problems(budget={"epochs": 0.001})
    assert found == {"budget.epochs": "is not enough for one trial of 0.4 epochs"}


def test_a_conditional_setting_is_tried_where_it_applies() -> None:
    units = {"type": "int", "low": 1, "high": 9}
    architecture = {"choices": ["mlp", "simple_convnet"]}
    kernel = {"type": "int", "low": 1, "high": 9, "when": {"architecture": ["simple_convnet"]}}
    space = {"architecture": architecture, "hidden_units": units, "kernel_size": kernel}
    found = problems(space=space)  # images of 8 × 8
    assert list(found) == ["space.kernel_size"]
    space["kernel_size"] = {**kernel, "high": 5}
    admit(parse_spec({"dataset": "small", "network": "mlp", "space": space}), SOURCE)


CONVOLUTION = {"type": "convolution", "filters": 4000, "kernel_size": 3, "padding": 1}
LARGE = {"layers": [CONVOLUTION, {"type": "batch_norm"}, {"type": "relu"}]}


def test_a_fixed_network_whose_batch_needs_too_much_memory() -> None:
    found = problems(network=LARGE, batch_size=500)["batch_size"]
    assert found.startswith("a network of 3 layers with batch_size 160 would need ")  # 160 train
    assert "the limit is 1,024 MB" in found
    searched = {"batch_size": {"type": "int", "low": 150, "high": 200}}
    assert "batch_size 150 " in problems(network=LARGE, space=searched)["space.batch_size"]


@pytest.mark.parametrize(
    ("network", "space"),
    [
        ({"layers": [CONVOLUTION, {"type": "relu"}]}, {}),  # its batch goes through in parts
        (LARGE, {"batch_size": {"type": "int", "low": 1, "high": 200}}),
        (
            {"architecture": "deep_convnet", "batch_norm": True},
            {"filters": {"type": "int", "low": 8, "high": 1000}},
        ),
    ],
)
def test_a_network_that_may_fit_the_memory_is_admitted(network: object, space: object) -> None:
    admit(parse_spec({"dataset": "small", "network": network, "space": space}), SOURCE)


def test_an_estimate_knows_the_budget() -> None:
    spec = {
        "dataset": "small",
        "network": "mlp",
        "pruner": "none",
        "rounds": {"count": 1},
        "confirm": None,  # its time is the same for both
    }
    short = estimate(parse_spec({**spec, "budget": {"trials": 5}}), SOURCE, workers=1)
    long = estimate(parse_spec({**spec, "budget": {"trials": 50}}), SOURCE, workers=1)
    assert (short.trials, long.trials) == (5, 50)
    assert 0 < short.epochs <= 15
    assert short.epochs < long.epochs
    assert short.seconds < long.seconds
    assert long.memory_bytes > 100_000


def test_an_estimate_leaves_out_trials_that_do_not_fit_the_memory() -> None:
    space = {"filters": {"type": "categorical", "choices": [4, 500]}}
    network = {"architecture": "deep_convnet", "batch_norm": True}
    spec = {"dataset": "small", "network": network, "batch_size": 160, "space": space}
    found = estimate(parse_spec({**spec, "budget": {"trials": 40}}), SOURCE, workers=1)
    assert found.seconds > 0
    assert found.memory_bytes < 2**30


HUGE = {"architecture": "mlp", "hidden_units": 4096, "hidden_layers": 20}


def refused_for_memory(spec: dict[str, object], memory: int) -> list[str]:
    with pytest.raises(InvalidSpec) as raised:
        admit(parse_spec({"dataset": "small", **spec}), SOURCE, memory)
    return [f"{problem.field}: {problem.allowed}" for problem in raised.value.problems]


def test_a_network_whose_parameters_no_worker_can_hold_is_refused() -> None:
    assert refused_for_memory({"network": HUGE}, 2**30) == [
        "network: 1,024 MB at most (HPSEARCH_WORKER_MEMORY)"
    ]
    admit(parse_spec({"dataset": "small", "network": HUGE}), SOURCE, 2**40)


def test_a_space_whose_smallest_network_fits_is_admitted() -> None:
    space = {"hidden_units": {"type": "int", "low": 8, "high": 4096}}
    admit(parse_spec({"dataset": "small", "network": HUGE, "space": space}), SOURCE, 2**30)
    space["hidden_units"]["low"] = 4000
    assert refused_for_memory({"network": HUGE, "space": space}, 2**30)


def test_a_data_set_that_is_on_its_way_is_looked_at_when_it_is_here() -> None:
    class Fetching(MemorySource):
        def ensure(self, name: str) -> DatasetProgress | None:
            return SimpleNamespace(problem=None)

    impossible = {"architecture": "simple_convnet", "kernel_size": 9}
    admit(parse_spec({"dataset": "small", "network": impossible}), Fetching())
    with pytest.raises(InvalidSpec, match=r"budget\.epochs"):
        admit(parse_spec({"dataset": "small", "budget": {"epochs": 0.001}}), Fetching())
