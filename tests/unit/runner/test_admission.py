"""A job that could not run is refused before it is stored, and the field is named."""

import pytest

from hpsearch.errors import InvalidSpec
from hpsearch.runner.admission import admit
from hpsearch.runner.estimate import estimate
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


def test_an_estimate_knows_the_budget() -> None:
    spec = {"dataset": "small", "network": "mlp", "pruner": "none", "rounds": {"count": 1}}
    short = estimate(parse_spec({**spec, "budget": {"trials": 5}}), SOURCE, workers=1)
    long = estimate(parse_spec({**spec, "budget": {"trials": 50}}), SOURCE, workers=1)
    assert (short.trials, long.trials) == (5, 50)
    assert 0 < short.epochs <= 15
    assert short.epochs < long.epochs
    assert short.seconds < long.seconds
    assert long.memory_bytes > 100_000
