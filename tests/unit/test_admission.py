"""A job that could not run is refused before it is stored, and the field is named."""

import pytest

from hpsearch.admission import admit
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
    spec = {"dataset": "small", "network": "mlp", "pruner": "none", "rounds": {"count": 1}}
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
